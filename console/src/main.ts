import 'pretendard/dist/web/variable/pretendardvariable-dynamic-subset.css';
import './tokens.css';
import './base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { texts } from './lib/i18n.svelte';
import { live } from './lib/live/live.svelte';
import { router } from './lib/router.svelte';
import { session } from './lib/session.svelte';
import { baseMap } from './map/base';
import { screens } from './screens';

/** The screen that is asked for is fetched while the session is still being looked up. */
const first = screens.find((screen) => screen.path === router.screen);
void first?.load();
/** So are the streets and the event stream's worker, where somebody was signed in here when they left. */
if (session.wasIn) {
  live.warm();
  if (first?.path === 'board') void baseMap().catch(() => undefined);
}
const target = document.getElementById('app');
if (!target) throw new Error('no #app');
void session.ask();
await texts.use(texts.preferred());
mount(App, { target });
