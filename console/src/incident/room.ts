import type { IncidentDetail } from '../lib/types';

export type RoomDialog = 'report' | 'handoff' | 'close' | 'reopen' | 'severity' | 'merge' | 'locate' | 'watch';

export type Shown = IncidentDetail;
