// Package workbook reads and writes workbooks of spreadsheet programs (.xlsx, ECMA-376) row by
// row. It knows nothing of records: cells come and go as texts in one form for each type.
//
//	Number    -12.5, with at most 15 significant digits
//	Percent   12.5%, when reading: a number that is shown as one
//	Bool      true, false
//	Date      2006-01-02
//	Datetime  2006-01-02 15:04:05.999, where the writer is; workbooks know no time zones
//	Time      15:04:05, and 27:30:00 of what is more than a day
package workbook

import "time"

// Kind is the type of a cell.
type Kind uint8

// Kinds of cells.
const (
	Text Kind = iota
	Number
	Percent
	Bool
	Date
	Datetime
	Time
)

// Cell is a cell as it was read.
type Cell struct {
	Text string
	Kind Kind
}

// What a sheet has room for.
const (
	maxRows     = 1 << 20 // of a sheet
	maxColumns  = 1 << 14 // of a sheet
	maxCellText = 32_767  // characters of a cell, in UTF-16
	maxDigits   = 15      // significant ones of a number
)

// epoch is day 0 of workbooks. Their calendar has a 29 February 1900, so that it holds from
// firstDay on only.
var epoch = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

const (
	firstDay    = 61        // 1 March 1900
	lastDay     = 2_958_465 // 31 December 9999
	days1904    = 1462      // between the two epochs that there are
	millisOfDay = 24 * 60 * 60 * 1000
)
