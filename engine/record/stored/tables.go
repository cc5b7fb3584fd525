package stored

import (
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// The tables beside those of the objects.
const (
	HistoryTable  = "_history"
	BinTable      = "_bin"
	SequenceTable = "_sequence"
	LockTable     = "_lock" // its rows mean nothing but that writers agree on one
)

// Columns of this room's tables; times are Unix milliseconds.
var (
	ColObject    = query.Column{Name: "object", Storage: fieldtype.Text}
	ColRecord    = query.Column{Name: "record", Storage: fieldtype.Int}
	ColAt        = query.Column{Name: "at", Storage: fieldtype.Int}
	ColBy        = query.Column{Name: "by", Storage: fieldtype.Int}
	ColVia       = query.Column{Name: "via", Storage: fieldtype.Text}
	ColAction    = query.Column{Name: "action", Storage: fieldtype.Text}
	ColChanges   = query.Column{Name: "changes", Storage: fieldtype.JSON}    // {"field":[from,to]}
	ColRecorded  = query.Column{Name: "recorded_at", Storage: fieldtype.Int} // of what was done before; empty: at
	ColName      = query.Column{Name: "name", Storage: fieldtype.Text}
	ColDeletedAt = query.Column{Name: "deleted_at", Storage: fieldtype.Int}
	ColDeletedBy = query.Column{Name: "deleted_by", Storage: fieldtype.Int}
	ColBatch     = query.Column{Name: "batch", Storage: fieldtype.Int} // deleted together
	ColDoc       = query.Column{Name: "doc", Storage: fieldtype.JSON}  // values by column
	ColNext      = query.Column{Name: "next", Storage: fieldtype.Int}
)

// Tables are the tables this room keeps in every tenant: the history of records,
// the recycle bin, the counters of automatic numbers, and rows to lock.
func Tables() []store.Table {
	return []store.Table{
		{Name: HistoryTable, Columns: []query.Column{ColObject, ColRecord, ColAt, ColBy, ColVia, ColAction, ColChanges, ColRecorded},
			Indexes: []store.Index{index("_history_record", false, ColRecord, query.ID)}},
		{Name: BinTable, Columns: []query.Column{ColObject, ColName, ColDeletedAt, ColDeletedBy, ColBatch, ColDoc},
			Indexes: []store.Index{
				index("_bin_object", false, ColObject, ColDeletedAt, query.ID),
				index("_bin_batch", false, ColBatch),
			}},
		{Name: SequenceTable, Columns: []query.Column{ColName, ColNext},
			Indexes: []store.Index{index("_sequence_name", true, ColName)}},
		{Name: LockTable},
	}
}

func index(name string, unique bool, columns ...query.Column) store.Index {
	ix := store.Index{Name: name, Unique: unique}
	for _, c := range columns {
		ix.Columns = append(ix.Columns, store.IndexColumn{Column: c})
	}
	return ix
}

// TimeFormat is how times are shown, in UTC.
const TimeFormat = "2006-01-02T15:04:05.000Z"

// MergedKey is a member of a merge's changes that is no field: no name begins so.
const MergedKey = "$from"

// BinColumns are the columns of a row of the bin that is read.
var BinColumns = []query.Column{query.ID, ColObject, ColName, ColDeletedAt, ColDeletedBy, ColBatch, ColDoc}
