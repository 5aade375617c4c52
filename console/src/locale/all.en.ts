const files = import.meta.glob<Record<string, string>>(['./en.json', '../../../src/dure/**/locale/en.json'], { eager: true, import: 'default' });
const all: Record<string, string> = Object.assign({}, ...Object.values(files));
export default all;
