/** Shapes of the HTTP API as the screens use them (/api/v1/openapi.json has all of it). Times are ISO 8601, coordinates WGS84. */
export * from './types/common';
export * from './types/incident';
export * from './types/alarm';
export * from './types/city';
export * from './types/system';
