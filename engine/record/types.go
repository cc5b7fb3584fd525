package record

import (
	"context"
	"encoding/json"

	"formwork/engine/catalog"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/record/background"
	"formwork/engine/record/draft"
	"formwork/engine/record/duplicate"
	"formwork/engine/record/explain"
	"formwork/engine/record/form"
	"formwork/engine/record/page"
	"formwork/engine/record/read"
	"formwork/engine/record/stored"
	"formwork/engine/record/write"
	"formwork/engine/store"
)

// What is asked and answered, by the room that says what it means.
type (
	Record         = read.Record
	RecordField    = read.RecordField
	ListQuery      = read.ListQuery
	Total          = read.Total
	Page           = read.Page
	Names          = read.Names
	AggregateQuery = read.AggregateQuery
	GroupBy        = read.GroupBy
	MeasureOf      = read.MeasureOf
	Bucket         = read.Bucket
	GroupRow       = read.GroupRow
	BoardQuery     = read.BoardQuery
	Board          = read.Board
	Hit            = read.Hit
	Entry          = read.Entry
	FieldChange    = read.FieldChange
	HistoryPage    = read.HistoryPage
	Binned         = read.Binned
	BinPage        = read.BinPage
	BinQuery       = read.BinQuery
	Sight          = read.Sight

	Saved       = write.Saved
	Warning     = write.Warning
	Match       = duplicate.Match
	Operation   = write.Operation
	Outcome     = write.Outcome
	SaveHook    = write.SaveHook
	WritingHook = write.WritingHook
	PurgingHook = write.PurgingHook
	Change      = write.Change
	Action      = stored.Action

	FormQuery    = form.Query
	Form         = form.Form
	FieldState   = form.FieldState
	SectionState = form.SectionState
	RowState     = form.RowState

	RecordPage  = page.Page
	PageQuery   = page.Query
	RelatedList = page.List
	Can         = page.Can

	Question    = explain.Question
	Explanation = explain.Explanation
	Reason      = explain.Reason
	Grant       = explain.Grant

	Snapshots = background.Snapshots
	Failures  = background.Failures
)

// What is done to a record.
const (
	Created  = stored.Created
	Updated  = stored.Updated
	Deleted  = stored.Deleted
	Restored = stored.Restored
	Merged   = stored.Merged
	Purged   = stored.Purged
	RolledUp = stored.RolledUp
)

// MergedKey is the member of a merge's event that names the records which it took in.
const MergedKey = stored.MergedKey

// Bounds of one request.
const (
	DefaultHits   = read.DefaultHits
	MaxHits       = read.MaxHits
	DefaultLimit  = read.DefaultLimit
	MaxLimit      = read.MaxLimit
	MaxSkip       = read.MaxSkip
	MaxFields     = read.MaxFields
	MaxOperations = write.MaxOperations
	MaxTotal      = read.MaxTotal
)

// How far a list is counted.
const (
	NoTotal    = read.NoTotal
	UsualTotal = read.UsualTotal
	ExactTotal = read.ExactTotal
)

// Same reports whether two values of a field, in stored form, are the same.
func Same(a, b any) bool { return stored.Same(a, b) }

// Stored is a value of a field in stored form that an event tells; nil for none, or one that the field
// has no longer.
func Stored(f *catalog.Field, told json.RawMessage) any {
	if len(told) == 0 || f.Value == nil {
		return nil
	}
	v, err := draft.Decode(told)
	if err != nil || v == nil {
		return nil
	}
	stored, problem := f.Value.Coerce(v)
	if problem != nil {
		return nil
	}
	return stored
}

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table { return stored.Tables() }

// FailuresOf is what a job of this room could not compute; ok is false for any other.
func FailuresOf(j *job.Job) (f Failures, ok bool) { return background.FailuresOf(j) }

// HasBinned reports whether there are records of an object in the bin.
func HasBinned(ctx context.Context, from store.Reader, object string) (bool, error) {
	return stored.HasBinned(ctx, from, object)
}

// Spread are the tables that grow with the records of a configuration, and the columns by
// which their rows are asked for most: the history by its record, records by their ids.
func Spread(s *catalog.Snapshot) map[string]query.Column {
	by := map[string]query.Column{stored.HistoryTable: stored.ColRecord}
	for _, o := range s.Objects {
		by[o.Table.Name] = query.ID
	}
	return by
}
