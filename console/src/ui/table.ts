/** A column of a table. `text` suffices for plain cells; others are drawn by the table's `cell` snippet, by the column's name. */
export interface Column<Row> {
  readonly name: string;
  readonly label: string;
  /** A CSS grid track, such as `120px` or `minmax(160px, 2fr)`. */
  readonly width?: string;
  readonly end?: boolean;
  readonly sortable?: boolean;
  /** Left out where the screen is narrow; the opened row says it. */
  readonly minor?: boolean;
  readonly text?: (row: Row) => string;
}
