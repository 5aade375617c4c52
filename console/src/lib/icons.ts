/** The icons that the screens use, each taken from Tabler's outline set. A service's screen may pass any such SVG text itself. */
import activityHeartbeat from '@tabler/icons/outline/activity-heartbeat.svg?raw';
import adjustments from '@tabler/icons/outline/adjustments.svg?raw';
import alarm from '@tabler/icons/outline/alarm.svg?raw';
import alertCircle from '@tabler/icons/outline/alert-circle.svg?raw';
import alertTriangle from '@tabler/icons/outline/alert-triangle.svg?raw';
import arrowBackUp from '@tabler/icons/outline/arrow-back-up.svg?raw';
import arrowForwardUp from '@tabler/icons/outline/arrow-forward-up.svg?raw';
import arrowRight from '@tabler/icons/outline/arrow-right.svg?raw';
import arrowUp from '@tabler/icons/outline/arrow-up.svg?raw';
import arrowsSort from '@tabler/icons/outline/arrows-sort.svg?raw';
import arrowsSplit from '@tabler/icons/outline/arrows-split.svg?raw';
import bell from '@tabler/icons/outline/bell.svg?raw';
import bellOff from '@tabler/icons/outline/bell-off.svg?raw';
import book2 from '@tabler/icons/outline/book-2.svg?raw';
import broadcast from '@tabler/icons/outline/broadcast.svg?raw';
import buildingStore from '@tabler/icons/outline/building-store.svg?raw';
import bulb from '@tabler/icons/outline/bulb.svg?raw';
import check from '@tabler/icons/outline/check.svg?raw';
import chevronDown from '@tabler/icons/outline/chevron-down.svg?raw';
import chevronLeft from '@tabler/icons/outline/chevron-left.svg?raw';
import chevronRight from '@tabler/icons/outline/chevron-right.svg?raw';
import chevronUp from '@tabler/icons/outline/chevron-up.svg?raw';
import circle from '@tabler/icons/outline/circle.svg?raw';
import circleCheck from '@tabler/icons/outline/circle-check.svg?raw';
import circleX from '@tabler/icons/outline/circle-x.svg?raw';
import clock from '@tabler/icons/outline/clock.svg?raw';
import copy from '@tabler/icons/outline/copy.svg?raw';
import cornerDownRight from '@tabler/icons/outline/corner-down-right.svg?raw';
import cpu from '@tabler/icons/outline/cpu.svg?raw';
import deviceCctv from '@tabler/icons/outline/device-cctv.svg?raw';
import deviceMobile from '@tabler/icons/outline/device-mobile.svg?raw';
import dots from '@tabler/icons/outline/dots.svg?raw';
import download from '@tabler/icons/outline/download.svg?raw';
import droplet from '@tabler/icons/outline/droplet.svg?raw';
import equal from '@tabler/icons/outline/equal.svg?raw';
import externalLink from '@tabler/icons/outline/external-link.svg?raw';
import eye from '@tabler/icons/outline/eye.svg?raw';
import eyeOff from '@tabler/icons/outline/eye-off.svg?raw';
import fileImport from '@tabler/icons/outline/file-import.svg?raw';
import fileText from '@tabler/icons/outline/file-text.svg?raw';
import fileTypeCsv from '@tabler/icons/outline/file-type-csv.svg?raw';
import filter from '@tabler/icons/outline/filter.svg?raw';
import fingerprint from '@tabler/icons/outline/fingerprint.svg?raw';
import fireHydrant from '@tabler/icons/outline/fire-hydrant.svg?raw';
import flag from '@tabler/icons/outline/flag.svg?raw';
import flame from '@tabler/icons/outline/flame.svg?raw';
import focusCentered from '@tabler/icons/outline/focus-centered.svg?raw';
import gavel from '@tabler/icons/outline/gavel.svg?raw';
import gitMerge from '@tabler/icons/outline/git-merge.svg?raw';
import hierarchy from '@tabler/icons/outline/hierarchy.svg?raw';
import bookmark from '@tabler/icons/outline/bookmark.svg?raw';
import playerPause from '@tabler/icons/outline/player-pause.svg?raw';
import playerPlay from '@tabler/icons/outline/player-play.svg?raw';
import playerSkipBack from '@tabler/icons/outline/player-skip-back.svg?raw';
import playerSkipForward from '@tabler/icons/outline/player-skip-forward.svg?raw';
import videoOff from '@tabler/icons/outline/video-off.svg?raw';
import history from '@tabler/icons/outline/history.svg?raw';
import hourglass from '@tabler/icons/outline/hourglass.svg?raw';
import infoCircle from '@tabler/icons/outline/info-circle.svg?raw';
import key from '@tabler/icons/outline/key.svg?raw';
import keyboard from '@tabler/icons/outline/keyboard.svg?raw';
import language from '@tabler/icons/outline/language.svg?raw';
import layoutDashboard from '@tabler/icons/outline/layout-dashboard.svg?raw';
import link from '@tabler/icons/outline/link.svg?raw';
import listCheck from '@tabler/icons/outline/list-check.svg?raw';
import lock from '@tabler/icons/outline/lock.svg?raw';
import login2 from '@tabler/icons/outline/login-2.svg?raw';
import logout from '@tabler/icons/outline/logout.svg?raw';
import map2 from '@tabler/icons/outline/map-2.svg?raw';
import mapPin from '@tabler/icons/outline/map-pin.svg?raw';
import menu2 from '@tabler/icons/outline/menu-2.svg?raw';
import message from '@tabler/icons/outline/message.svg?raw';
import minus from '@tabler/icons/outline/minus.svg?raw';
import moon from '@tabler/icons/outline/moon.svg?raw';
import notes from '@tabler/icons/outline/notes.svg?raw';
import pencil from '@tabler/icons/outline/pencil.svg?raw';
import paperclip from '@tabler/icons/outline/paperclip.svg?raw';
import phone from '@tabler/icons/outline/phone.svg?raw';
import photo from '@tabler/icons/outline/photo.svg?raw';
import plugConnectedX from '@tabler/icons/outline/plug-connected-x.svg?raw';
import plus from '@tabler/icons/outline/plus.svg?raw';
import power from '@tabler/icons/outline/power.svg?raw';
import refresh from '@tabler/icons/outline/refresh.svg?raw';
import ruler2 from '@tabler/icons/outline/ruler-2.svg?raw';
import search from '@tabler/icons/outline/search.svg?raw';
import send from '@tabler/icons/outline/send.svg?raw';
import server from '@tabler/icons/outline/server.svg?raw';
import settings from '@tabler/icons/outline/settings.svg?raw';
import shieldCheck from '@tabler/icons/outline/shield-check.svg?raw';
import stack2 from '@tabler/icons/outline/stack-2.svg?raw';
import sun from '@tabler/icons/outline/sun.svg?raw';
import table from '@tabler/icons/outline/table.svg?raw';
import temperature from '@tabler/icons/outline/temperature.svg?raw';
import trash from '@tabler/icons/outline/trash.svg?raw';
import upload from '@tabler/icons/outline/upload.svg?raw';
import urgent from '@tabler/icons/outline/urgent.svg?raw';
import userCircle from '@tabler/icons/outline/user-circle.svg?raw';
import userCheck from '@tabler/icons/outline/user-check.svg?raw';
import users from '@tabler/icons/outline/users.svg?raw';
import video from '@tabler/icons/outline/video.svg?raw';
import viewportWide from '@tabler/icons/outline/viewport-wide.svg?raw';
import virus from '@tabler/icons/outline/virus.svg?raw';
import volume from '@tabler/icons/outline/volume.svg?raw';
import volumeOff from '@tabler/icons/outline/volume-off.svg?raw';
import waveSine from '@tabler/icons/outline/wave-sine.svg?raw';
import wifiOff from '@tabler/icons/outline/wifi-off.svg?raw';
import x from '@tabler/icons/outline/x.svg?raw';
import zzz from '@tabler/icons/outline/zzz.svg?raw';

export const icons = {
  'activity-heartbeat': activityHeartbeat,
  adjustments,
  alarm,
  'alert-circle': alertCircle,
  'alert-triangle': alertTriangle,
  'arrow-back-up': arrowBackUp,
  'arrow-forward-up': arrowForwardUp,
  'arrow-right': arrowRight,
  'arrow-up': arrowUp,
  'arrows-sort': arrowsSort,
  'arrows-split': arrowsSplit,
  bell,
  'bell-off': bellOff,
  'book-2': book2,
  broadcast,
  'building-store': buildingStore,
  bulb,
  check,
  'chevron-down': chevronDown,
  'chevron-left': chevronLeft,
  'chevron-right': chevronRight,
  'chevron-up': chevronUp,
  circle,
  'circle-check': circleCheck,
  'circle-x': circleX,
  clock,
  copy,
  'corner-down-right': cornerDownRight,
  cpu,
  'device-cctv': deviceCctv,
  'device-mobile': deviceMobile,
  dots,
  download,
  droplet,
  equal,
  'external-link': externalLink,
  eye,
  'eye-off': eyeOff,
  'file-import': fileImport,
  'file-text': fileText,
  'file-type-csv': fileTypeCsv,
  filter,
  fingerprint,
  'fire-hydrant': fireHydrant,
  flag,
  flame,
  'focus-centered': focusCentered,
  gavel,
  'git-merge': gitMerge,
  hierarchy,
  bookmark,
  'player-pause': playerPause,
  'player-play': playerPlay,
  'player-skip-back': playerSkipBack,
  'player-skip-forward': playerSkipForward,
  'video-off': videoOff,
  history,
  hourglass,
  'info-circle': infoCircle,
  key,
  keyboard,
  language,
  'layout-dashboard': layoutDashboard,
  link,
  'list-check': listCheck,
  lock,
  'login-2': login2,
  logout,
  'map-2': map2,
  'map-pin': mapPin,
  'menu-2': menu2,
  message,
  minus,
  moon,
  notes,
  pencil,
  paperclip,
  phone,
  photo,
  'plug-connected-x': plugConnectedX,
  plus,
  power,
  refresh,
  'ruler-2': ruler2,
  search,
  send,
  server,
  settings,
  'shield-check': shieldCheck,
  'stack-2': stack2,
  sun,
  table,
  temperature,
  trash,
  upload,
  urgent,
  'user-circle': userCircle,
  'user-check': userCheck,
  users,
  video,
  'viewport-wide': viewportWide,
  virus,
  volume,
  'volume-off': volumeOff,
  'wave-sine': waveSine,
  'wifi-off': wifiOff,
  x,
  zzz,
} as const;

export type IconName = keyof typeof icons;
