package store

import (
	"encoding/json"

	"formwork/engine/fault"
)

// MaxRow bounds the values and words of a row, in bytes as RowSize counts them. It leaves
// room below the 16 MiB that MongoDB's documents may have.
const MaxRow = 15 << 20

// perValue is about what a value takes beside itself.
const perValue = 16

// RowSize is about how many bytes values and words take where they are kept.
func RowSize(values map[string]any, words []string) int {
	size := ValueSize(words)
	for name, v := range values {
		size += len(name) + perValue + ValueSize(v)
	}
	return size
}

// ValueSize is how many bytes a value in stored form takes beside those that each takes: 0
// for one of fixed length, and about what the texts of a list take.
func ValueSize(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case json.RawMessage:
		return len(v)
	case []string:
		size := 0
		for _, one := range v {
			size += len(one) + perValue
		}
		return size
	}
	return 0
}

// CheckRow refuses what no row can hold. Fault "store.row_too_large" (TooLarge).
func CheckRow(values map[string]any, words []string) error {
	if RowSize(values, words) > MaxRow {
		return TooLarge()
	}
	return nil
}

// TooLarge is the fault for a row that is larger than MaxRow.
func TooLarge() *fault.Fault {
	return fault.New(fault.TooLarge, "store.row_too_large", "max", MaxRow)
}
