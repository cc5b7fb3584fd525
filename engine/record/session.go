package record

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

type compiledCache struct{}
type compiled struct{}
type Change struct{}

func (c *compiledCache) of(s *catalog.Snapshot) *compiled { return nil }

func Tables() []store.Table { return nil }

var errSoon = fault.New(fault.Unavailable, "internal")

type Record struct{}

func (r Record) AppendJSON(dst []byte) []byte { return dst }
func (r Record) ID() id.ID                    { return 0 }
func (r Record) Version() int64               { return 0 }

// Fields are the record's columns, in order (paths such as "account.name" included).
func (r Record) Fields() []RecordField { return nil }

// Value is the stored form of the i-th of Fields.
func (r Record) Value(i int) any { return nil }

// CSV is the i-th of Fields as a CSV cell.
func (r Record) CSV(i int) string { return "" }

// RecordField is a column of a Record.
type RecordField struct {
	Name  string
	Value fieldtype.Value
}

func (s *Session) Create(ctx context.Context, object string, data map[string]any) (*Saved, error) {
	return nil, errSoon
}
func (s *Session) Get(ctx context.Context, object string, rec id.ID, fields []string) (Record, error) {
	return Record{}, errSoon
}
func (s *Session) List(ctx context.Context, object string, q ListQuery) (*Page, error) {
	return nil, errSoon
}
func (s *Session) Each(ctx context.Context, object string, q ListQuery) iter.Seq2[Record, error] {
	return nil
}
func (s *Session) Update(ctx context.Context, object string, rec id.ID, patch map[string]any, version int64) (*Saved, error) {
	return nil, errSoon
}
func (s *Session) Delete(ctx context.Context, object string, rec id.ID, version int64) error {
	return errSoon
}
func (s *Session) Restore(ctx context.Context, object string, rec id.ID) (*Saved, error) {
	return nil, errSoon
}

// Binned is a deleted record.
type Binned struct {
	ID        id.ID
	Name      string
	DeletedAt time.Time
	DeletedBy id.ID
	Batch     id.ID // deleted together
}

// BinPage is a part of the recycle bin, newest first.
type BinPage struct {
	Items []Binned
	Next  string
}

func (s *Session) Bin(ctx context.Context, object, cursor string, limit int) (*BinPage, error) {
	return nil, errSoon
}

// Purge removes records from the bin for good. Needs the system right "purge".
func (s *Session) Purge(ctx context.Context, object string, recs ...id.ID) error { return errSoon }

func (s *Session) Bulk(ctx context.Context, object string, ops []Operation, atomic bool) ([]Outcome, error) {
	return nil, errSoon
}

// AggregateQuery asks for groups of records, in the form of the API.
type AggregateQuery struct {
	Filter   string      `json:"filter"`
	Q        string      `json:"q"`
	Group    []GroupBy   `json:"group"`
	Measures []MeasureOf `json:"measures"`
	Sort     []string    `json:"sort"` // names of groups and measures, "-amount" descends
	Limit    int         `json:"limit"`
}

// GroupBy is one key.
type GroupBy struct {
	Field string `json:"field"`
	By    Bucket `json:"by"`
	As    string `json:"as"`
}

// Bucket is day, week, month, quarter, year, or a number (in JSON a number or a text).
type Bucket string

func (b *Bucket) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(b))
	}
	var n json.Number
	err := json.Unmarshal(raw, &n)
	*b = Bucket(n)
	return err
}

// MeasureOf is one measure: count, sum, avg, min, max.
type MeasureOf struct {
	Op    string `json:"op"`
	Field string `json:"field"`
	As    string `json:"as"`
}

// GroupRow is one group: the keys in the order of Group, then the measures.
type GroupRow struct{}

// AppendJSON appends an object with ordered keys.
func (g GroupRow) AppendJSON(dst []byte) []byte { return dst }

func (s *Session) Aggregate(ctx context.Context, object string, q AggregateQuery) ([]GroupRow, error) {
	return nil, errSoon
}

// Entry is an entry of a record's history.
type Entry struct {
	ID      id.ID
	At      time.Time
	By      id.ID
	Via     string
	Action  Action
	Changes []FieldChange
}

// FieldChange is from what to what, as the API shows values.
type FieldChange struct {
	Field    string
	From, To json.RawMessage
}

// AppendJSON appends the entry as the API shows it.
func (e Entry) AppendJSON(dst []byte) []byte { return dst }

// HistoryPage is a part of a record's history, newest first.
type HistoryPage struct {
	Items []Entry
	Next  string
}

func (s *Session) History(ctx context.Context, object string, rec id.ID, cursor string, limit int) (*HistoryPage, error) {
	return nil, errSoon
}

// Related lists the records of a related list: a name of one in a layout of the object, or "object.lookup".
func (s *Session) Related(ctx context.Context, object string, rec id.ID, list string, q ListQuery) (*Page, error) {
	return nil, errSoon
}

// Duplicates finds what duplicate rules hold for the same.
func (s *Session) Duplicates(ctx context.Context, object string, rec id.ID) ([]Match, error) {
	return nil, errSoon
}

// Merge makes one record of several.
func (s *Session) Merge(ctx context.Context, object string, master id.ID, from []id.ID, data map[string]any) (*Saved, error) {
	return nil, errSoon
}

// Hit is a record found by words.
type Hit struct {
	Object string
	ID     id.ID
	Name   string
}

// Search finds records across objects (all that the caller may read when none are named).
func (s *Session) Search(ctx context.Context, q string, objects []string, limit int) ([]Hit, error) {
	return nil, errSoon
}
