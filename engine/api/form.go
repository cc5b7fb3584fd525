package api

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record"
)

// FormOf is what is asked about a record that is being written.
type FormOf struct {
	ID         string         `json:"id,omitempty" schema:"ID"` // of a record that is changed; absent for a new one
	RecordType string         `json:"record_type,omitempty"`    // of a new record, as if data said it
	Layout     string         `json:"layout,omitempty"`         // absent: the one that fits
	Device     string         `json:"device,omitempty" enum:"desktop,phone"`
	Data       map[string]any `json:"data,omitempty"`    // as it would be sent to be saved
	Changed    []string       `json:"changed,omitempty"` // the members of data that count as sent; absent: all
}

// CandidatesOf is what is asked about the records that may be chosen in a reference of a
// record that is being written.
type CandidatesOf struct {
	Field      string         `json:"field"`                    // the reference, to records of one object
	ID         string         `json:"id,omitempty" schema:"ID"` // of a record that is changed; absent for a new one
	RecordType string         `json:"record_type,omitempty"`    // of a new record, as if data said it
	Data       map[string]any `json:"data,omitempty"`           // as it would be sent to be saved
	Changed    []string       `json:"changed,omitempty"`        // the members of data that count as sent; absent: all
	Filter     string         `json:"filter,omitempty"`         // an expression on the candidates
	Q          string         `json:"q,omitempty"`              // words
	Sort       []string       `json:"sort,omitempty"`           // fields, "-amount" descends; by id when absent
	Fields     []string       `json:"fields,omitempty"`         // that are shown; absent: all that may be read
	Limit      int            `json:"limit,omitempty"`          // 1 to 500; 50 when absent
	Cursor     string         `json:"cursor,omitempty"`         // next of the page before
	Count      bool           `json:"count,omitempty"`          // count them, up to 10,000
	Names      bool           `json:"names,omitempty"`          // tell what the records are called that references in them lead to
	Recent     bool           `json:"recent,omitempty"`         // those first that the caller opened last; there are no further pages then
}

// Form is the state of a record that is being written.
type Form struct {
	Object     string                           `json:"object"`
	ID         string                           `json:"id,omitempty" schema:"ID"`
	Version    int64                            `json:"version,omitempty"`
	RecordType *string                          `json:"record_type"`
	Layout     *string                          `json:"layout"`
	Values     FormValues                       `json:"values"` // the record as it would be, as far as it can be computed
	Fields     map[string]FieldState            `json:"fields"`
	Tabs       map[string]SectionState          `json:"tabs"`       // of the layout
	Sections   map[string]SectionState          `json:"sections"`   // by tab/section
	Related    map[string]SectionState          `json:"related"`    // the related lists of the layout
	Rows       map[string][]map[string]RowState `json:"rows"`       // of child rows: by field, row by row
	Problems   []Finding                        `json:"problems"`   // that saving would answer with
	Duplicates []Warning                        `json:"duplicates"` // that saving would warn of
}

// FormValues are the values of a record that is being written, as the caller may read it.
// What only saving gives a new record is null.
type FormValues json.RawMessage

// MarshalJSON writes the values as they are.
func (v FormValues) MarshalJSON() ([]byte, error) { return v, nil }

type (
	// FieldState is what may be entered in a field now.
	FieldState = record.FieldState
	// SectionState is whether a tab, a section or a related list of the layout is shown now.
	SectionState = record.SectionState
	// RowState is what may be entered in a field of one child row now.
	RowState = record.RowState
)

// form is POST /records/{object}/form: the state of a record that is being written. It
// saves nothing.
func (s *Server) form(r *request) error {
	var in FormOf
	if err := r.decode(recordBody, &in, false); err != nil {
		return err
	}
	q := record.FormQuery{RecordType: in.RecordType, Layout: in.Layout, Device: in.Device, Data: in.Data, Changed: in.Changed}
	var err error
	if q.ID, err = draftID(in.ID); err != nil {
		return err
	}
	found, err := r.records().Form(r.ctx, r.object(), q)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, formIn(r.language(), found))
}

// candidates is POST /records/{object}/candidates: the records that may be chosen in a
// reference of a record that is being written. It saves nothing.
func (s *Server) candidates(r *request) error {
	var in CandidatesOf
	if err := r.decode(recordBody, &in, false); err != nil {
		return err
	}
	q := record.FormQuery{RecordType: in.RecordType, Data: in.Data, Changed: in.Changed}
	var err error
	if q.ID, err = draftID(in.ID); err != nil {
		return err
	}
	list := record.ListQuery{Filter: in.Filter, Q: in.Q, Sort: in.Sort, Fields: in.Fields, Limit: in.Limit, Cursor: in.Cursor, Names: in.Names}
	if in.Count {
		list.Total = record.UsualTotal
	}
	if in.Recent {
		if list.First, err = r.workspace().RecentByObject(r.ctx); err != nil {
			return err
		}
	}
	page, err := r.records().Candidates(r.ctx, r.object(), in.Field, q, list)
	if err != nil {
		return err
	}
	return r.page(page)
}

// draftID is the id of a record that is changed; 0 of a new one.
func draftID(text string) (id.ID, error) {
	key, ok := id.Parse(text)
	if !ok && text != "" {
		return 0, fault.New(fault.NotFound, "api.bad_id", "id", clip(text)).At("/id")
	}
	return key, nil
}

// formIn tells a form's problems and duplicates in a language.
func formIn(lang string, f *record.Form) Form {
	shown := Form{Object: f.Object, ID: f.ID.String(), Version: f.Version, RecordType: f.RecordType, Layout: f.Layout,
		Values: FormValues(f.Values), Fields: f.Fields, Tabs: f.Tabs, Sections: f.Sections, Related: f.Related, Rows: f.Rows, Problems: []Finding{}, Duplicates: []Warning{}}
	for _, p := range f.Problems {
		shown.Problems = append(shown.Problems, inputProblem(p, lang))
	}
	for _, w := range f.Warnings {
		one := Warning{Pointer: w.Fault.Pointer, Code: w.Fault.Code, Detail: w.Fault.Text(lang), Matches: []Match{}}
		for _, m := range w.Matches {
			one.Matches = append(one.Matches, Match{Object: m.Object, ID: m.ID.String(), Name: m.Name})
		}
		shown.Duplicates = append(shown.Duplicates, one)
	}
	return shown
}
