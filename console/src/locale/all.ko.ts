const files = import.meta.glob<Record<string, string>>(['./ko.json', '../../../src/dure/**/locale/ko.json'], { eager: true, import: 'default' });
const all: Record<string, string> = Object.assign({}, ...Object.values(files));
export default all;
