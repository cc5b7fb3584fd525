package record

import (
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

const (
	historyTable  = "_history"
	outboxTable   = "_outbox"
	binTable      = "_bin"
	sequenceTable = "_sequence"
)

// Columns of this room's tables; times are Unix milliseconds.
var (
	colObject    = query.Column{Name: "object", Storage: fieldtype.Text}
	colRecord    = query.Column{Name: "record", Storage: fieldtype.Int}
	colAt        = query.Column{Name: "at", Storage: fieldtype.Int}
	colBy        = query.Column{Name: "by", Storage: fieldtype.Int}
	colVia       = query.Column{Name: "via", Storage: fieldtype.Text}
	colAction    = query.Column{Name: "action", Storage: fieldtype.Text}
	colChanges   = query.Column{Name: "changes", Storage: fieldtype.JSON} // {"field":[from,to]}
	colDepth     = query.Column{Name: "depth", Storage: fieldtype.Int}    // see Session.Depth
	colRevision  = query.Column{Name: "revision", Storage: fieldtype.Int} // of the configuration
	colName      = query.Column{Name: "name", Storage: fieldtype.Text}
	colDeletedAt = query.Column{Name: "deleted_at", Storage: fieldtype.Int}
	colDeletedBy = query.Column{Name: "deleted_by", Storage: fieldtype.Int}
	colBatch     = query.Column{Name: "batch", Storage: fieldtype.Int} // deleted together
	colDoc       = query.Column{Name: "doc", Storage: fieldtype.JSON}  // values by column
	colNext      = query.Column{Name: "next", Storage: fieldtype.Int}
)

// Tables are the tables this room keeps in every tenant: the history of records,
// the events of their changes (the outbox), the recycle bin, and the counters of
// automatic numbers.
func Tables() []store.Table {
	return []store.Table{
		{Name: historyTable, Columns: []query.Column{colObject, colRecord, colAt, colBy, colVia, colAction, colChanges},
			Indexes: []store.Index{index("_history_record", false, colRecord, query.ID)}},
		{Name: outboxTable, Columns: []query.Column{colObject, colRecord, colAction, colAt, colBy, colVia, colDepth, colRevision, colChanges}},
		{Name: binTable, Columns: []query.Column{colObject, colName, colDeletedAt, colDeletedBy, colBatch, colDoc},
			Indexes: []store.Index{
				index("_bin_object", false, colObject, colDeletedAt, query.ID),
				index("_bin_batch", false, colBatch),
			}},
		{Name: sequenceTable, Columns: []query.Column{colName, colNext},
			Indexes: []store.Index{index("_sequence_name", true, colName)}},
	}
}

func index(name string, unique bool, columns ...query.Column) store.Index {
	ix := store.Index{Name: name, Unique: unique}
	for _, c := range columns {
		ix.Columns = append(ix.Columns, store.IndexColumn{Column: c})
	}
	return ix
}

// mergedKey is a member of a merge's changes that is no field: no name begins so.
const mergedKey = "$from"

var binRefs = []query.Ref{query.Field(query.ID), query.Field(colObject), query.Field(colName), query.Field(colDeletedAt),
	query.Field(colDeletedBy), query.Field(colBatch), query.Field(colDoc)}
