package api

import (
	"encoding/json"
	"time"

	"formwork/engine/record"
)

// List is everything there is of something.
type List[T any] struct {
	Items []T `json:"items"`
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"` // the cursor of the next page; null on the last one
}

// The types below are the shapes of what is written straight into the answer, or read
// by hand: for the description of the API, which a test holds against real answers.
// What Record, NewRecord and RecordPatch look like depends on the object.
type (
	// Record is a record as the caller reads it.
	Record map[string]any
	// NewRecord is the data of a record that is made.
	NewRecord map[string]any
	// RecordPatch is a merge patch of a record: what is absent stays, null empties.
	RecordPatch map[string]any
	// SavedView is a saved list.
	SavedView map[string]any
	// NewView is a list that is to be saved.
	NewView map[string]any
	// ViewPatch is a merge patch of a saved list: what is absent stays, null removes.
	ViewPatch map[string]any
	// DocumentPatch is a merge patch of a document: what is absent stays, null removes.
	DocumentPatch map[string]any
)

// RecordPage is a part of a list of records.
type RecordPage struct {
	Items []Record `json:"items"`
	Next  *string  `json:"next"`            // the cursor of the next page; null on the last one
	Total *int64   `json:"total,omitempty"` // with count
	// TotalMore says that there are more than Total, which is where counting ended.
	TotalMore bool  `json:"total_more,omitempty"`
	Names     Names `json:"names,omitempty"` // with names
}

// Names are what records are called that references lead to, by object and id: of those that
// the caller may read.
type Names map[string]map[string]string

// NamedRecord is a record, and what the records are called that its references lead to.
type NamedRecord struct {
	Record
	Names Names `json:"names,omitempty"` // with names
}

// RelatedPage is a page of the records of a related list, or of those that may be chosen.
type RelatedPage struct {
	Items     []RelatedRecord `json:"items"`
	Next      *string         `json:"next"`            // the cursor of the next page; null on the last one
	Total     *int64          `json:"total,omitempty"` // with count
	TotalMore bool            `json:"total_more,omitempty"`
	Names     Names           `json:"names,omitempty"` // with names
}

// SavedRecord is a record that was saved, and what did not stand in its way.
type SavedRecord struct {
	Record
	Warnings []Warning `json:"warnings,omitempty"`
}

// Warning is what a rule about duplicates says of a record that was saved all the same.
type Warning struct {
	Pointer string  `json:"pointer"`
	Code    string  `json:"code" schema:"ProblemCode"`
	Detail  string  `json:"detail"`
	Matches []Match `json:"matches"`
}

// Match is a record with its name.
type Match struct {
	Object string `json:"object"`
	ID     string `json:"id" schema:"ID"`
	Name   string `json:"name"` // empty if the caller may not read it
}

// Hit is a record that words found.
type Hit struct {
	Match
	// About tells it from others of that name: the first other line of text of those by which
	// its object is searched that the caller is shown.
	About string `json:"about,omitempty"`
}

// Bulk is up to 1,000 operations.
type Bulk struct {
	Operations []Operation `json:"operations"`
	Atomic     bool        `json:"atomic,omitempty"` // all are done, or none
}

// Operation makes, changes or deletes a record. Update and upsert find theirs by id, key or
// match.
type Operation struct {
	Op      string      `json:"op" enum:"create,update,upsert,delete,restore"`
	ID      string      `json:"id,omitempty" schema:"ID"`
	Key     string      `json:"key,omitempty"`     // a unique field or key, whose values are in data
	Match   []string    `json:"match,omitempty"`   // up to 5 fields, whose values are in data and need not be unique
	Version int64       `json:"version,omitempty"` // that the record must still have
	Data    RecordPatch `json:"data,omitempty"`
	// When a record was made or changed, of what is only recorded now. Needs the right
	// import_stages.
	At *time.Time `json:"at,omitempty"`
}

// BulkResult has a result for each operation, in their order.
type BulkResult struct {
	Results []Outcome `json:"results"`
	Failed  int       `json:"failed"`
}

// Outcome is what became of an operation: the record's id and version, or the problem.
type Outcome struct {
	Status   int       `json:"status"` // that a request of its own would have had
	Did      string    `json:"did,omitempty" enum:"created,updated,unchanged,deleted,restored"`
	ID       string    `json:"id,omitempty" schema:"ID"`
	Version  int64     `json:"version,omitempty"`
	Warnings []Warning `json:"warnings,omitempty"`
	Problem  *Problem  `json:"problem,omitempty"`
}

// Merge makes other records part of one.
type Merge struct {
	From []string    `json:"from" schema:"ID"` // up to 20
	Data RecordPatch `json:"data,omitempty"`   // values that the record gets besides
}

// Groups are the rows of an aggregation: their members are named as was asked for.
type Groups struct {
	Rows []map[string]any `json:"rows"`
}

// HistoryEntry is one change of a record.
type HistoryEntry struct {
	ID         string                 `json:"id" schema:"ID"`
	At         time.Time              `json:"at"`
	RecordedAt *time.Time             `json:"recorded_at,omitempty"` // when the user recorded it, of what was done before
	By         *string                `json:"by" schema:"ID"`        // null for the program itself
	Via        string                 `json:"via"`                   // session, key, import, "workflow" and its name …
	ViaLabel   string                 `json:"via_label,omitempty"`   // what the workflow, the form or the mailbox is called, in the caller's language
	Action     record.Action          `json:"action" enum:"create,update,delete,restore,merge"`
	From       []string               `json:"from,omitempty" schema:"ID"` // of a merge: the records that became part of this one
	Changes    map[string]FieldChange `json:"changes"`                    // by field
}

// FieldChange is a value before and after, as they were shown at the time.
type FieldChange struct {
	From json.RawMessage `json:"from"`
	To   json.RawMessage `json:"to"`
}

// Binned is a record in the recycle bin.
type Binned struct {
	ID        string    `json:"id" schema:"ID"`
	Name      string    `json:"name"` // empty if the caller may not read it
	DeletedAt time.Time `json:"deleted_at"`
	DeletedBy string    `json:"deleted_by"`        // the user's id; empty for the program itself
	Batch     string    `json:"batch" schema:"ID"` // the same for what was deleted together
}

// BinPage is a part of the recycle bin; it may be shorter than the limit though more follow.
type BinPage struct {
	Items []Binned `json:"items"`
	Next  *string  `json:"next"`
	Names Names    `json:"names,omitempty"` // of who deleted them, with names
}

// Health says how the server is.
type Health struct {
	Status string `json:"status" enum:"ok,ready"`
}
