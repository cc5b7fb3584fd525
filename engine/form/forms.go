package form

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/connection"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/link"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// via begins the way by which records are made by forms.
const via = "form "

// SentBy reports whether a record was made by a form, by the way that its history tells.
func SentBy(form, way string) bool { return way == via+form }

// Forms shows forms to people outside and takes what they send. Safe for concurrent use.
type Forms struct {
	catalog *catalog.Catalog
	records *record.Service
	links   *link.Links
	now     func() time.Time
}

// New makes Forms.
func New(c *catalog.Catalog, records *record.Service, secrets *connection.Secrets, now func() time.Time) *Forms {
	return &Forms{catalog: c, records: records, links: links(secrets), now: now}
}

// Find is an open form. Fault form.unknown (NotFound).
func Find(s *catalog.Snapshot, name string) (*Form, error) {
	f := Of(s)[name]
	if f == nil || !f.Open() {
		return nil, fault.New(fault.NotFound, "form.unknown")
	}
	return f, nil
}

// Token is that of the proof of whoever opens a form now. Faults: those of connection.Secrets.
func (f *Forms) Token(ctx context.Context, t store.Tenant, of *Form) (string, error) {
	return f.links.Token(ctx, t, named(of.Doc.Name, f.now()))
}

// Sent is what somebody sends.
type Sent struct {
	Form    string
	Answer  string         // to the proof
	Values  map[string]any // as requests write them
	Consent bool
	// ConsentVersion is that of what they read who agree.
	ConsentVersion string
	Trap           string // what nobody fills in who sees the page
	Language       string // in which they are told what is wrong
}

// Take makes a record of what somebody sent, once for a proof. Nothing is told of the records that there are. Faults: form.unknown (NotFound), those of
// Proof, form.sent (Conflict), form.invalid (Invalid) with what is wrong at its place, form.not_taken (Invalid).
func (f *Forms) Take(ctx context.Context, t store.Tenant, p *Proof, sent Sent) (of *Form, err error) {
	err = f.catalog.UnderNewest(ctx, t, func(s *catalog.Snapshot) error {
		if of, err = Find(s, sent.Form); err != nil {
			return err
		}
		now := f.now()
		if err := p.check(of.Doc.Name, sent.Answer, now); err != nil {
			return err
		}
		values, err := of.read(sent, now)
		if err != nil {
			return err
		}
		caller := policy.System(t.Name())
		caller.Via, caller.Language = via+of.Doc.Name, sent.Language
		return f.records.As(t, s, caller).Jointly(ctx, func(j *record.Joint) error {
			if err := p.use(ctx, j.Tx(), now); err != nil {
				return err
			}
			_, err := j.Create(of.Object.Doc.Name, values)
			if of.Doc.Duplicates == "thank" && repeats(err) {
				return nil // the proof is used all the same
			}
			return of.told(err)
		})
	})
	return of, err
}

// use notes that a proof is used, and forgets those that are too old. Fault form.sent (Conflict).
func (p *Proof) use(ctx context.Context, tx store.Tx, now time.Time) error {
	if _, err := tx.DeleteWhere(ctx, usedTable, query.Compare{Ref: query.Field(colUntil), Op: query.Lt, Value: now.UnixMilli()}); err != nil {
		return fmt.Errorf("forgetting the proofs of forms: %w", err)
	}
	refused, err := tx.Attempt(ctx, func() error {
		key := hex.EncodeToString(p.id[:])
		return tx.Insert(ctx, usedTable, id.Named("form proof "+key), map[string]any{colProof.Name: key, colUntil.Name: p.at.Add(most).UnixMilli()}, nil)
	})
	switch {
	case err != nil:
		return fmt.Errorf("noting that a form was sent: %w", err)
	case refused != nil:
		return fault.New(fault.Conflict, "form.sent")
	}
	return nil
}

// read are the values that a record is made with, in stored form.
func (f *Form) read(sent Sent, now time.Time) (map[string]any, error) {
	if sent.Trap != "" {
		return nil, fault.New(fault.Invalid, "form.not_taken")
	}
	values, problems := f.filled(sent, now)
	for name := range sent.Values {
		if !f.asks(name) {
			problems = append(problems, fault.New(fault.Invalid, "form.not_asked_for", "field", name).At("/values"))
		}
	}
	text, version := f.Agreement(sent.Language)
	switch {
	case f.Consent == nil:
	case !sent.Consent:
		problems = append(problems, fault.New(fault.Invalid, "form.no_consent").At("/consent"))
	case f.Wording != nil && sent.ConsentVersion != version:
		problems = append(problems, fault.New(fault.Invalid, "form.consent_changed").At("/consent"))
	}
	if len(problems) > 0 {
		return nil, fault.All(fault.Invalid, "form.invalid", problems)
	}
	for name, value := range f.Values {
		values[name] = value
	}
	if f.Consent != nil {
		values[f.Consent.Name] = agreed(f.Consent.Value.Kind(), now)
	}
	if f.Wording != nil {
		values[f.Wording.Name] = version + ", " + now.UTC().Format(time.RFC3339) + "\n" + text
	}
	return values, nil
}

// filled are the values of what is shown, page by page: what is not takes none.
func (f *Form) filled(sent Sent, now time.Time) (map[string]any, []*fault.Fault) {
	values := make(map[string]any, len(f.Inputs)+len(f.Values)+2)
	var problems []*fault.Fault
	so := filled{values, now}
	for _, page := range f.Pages {
		if !so.shows(page.when) {
			continue
		}
		for _, in := range page.Inputs {
			if !so.shows(f.shown[in.Name]) {
				continue
			}
			value, problem := entered(in, sent.Values[in.Name])
			if problem != nil {
				problems = append(problems, problem.At("/values/"+in.Name))
			} else if value != nil {
				values[in.Name] = value
			}
		}
	}
	return values, problems
}

// entered is a value in stored form, or what is wrong with it.
func entered(in *catalog.Field, given any) (value any, problem *fault.Fault) {
	if given != nil {
		if value, problem = in.Value.Coerce(given); problem != nil {
			return nil, problem
		}
	}
	if value == nil && in.Doc.Required != nil && in.Doc.Required.Always {
		return nil, fault.New(fault.Invalid, "field.required")
	}
	return value, nil
}

// agreed is how a field has it that somebody agreed.
func agreed(kind fieldtype.Kind, now time.Time) any {
	switch kind {
	case fieldtype.DateKind:
		return now.UTC().Format(time.DateOnly)
	case fieldtype.DatetimeKind:
		return now.UnixMilli()
	default:
		return true
	}
}

// repeats reports whether nothing but a record that is there already stands in the way.
func repeats(err error) bool {
	why := fault.From(err)
	if err == nil || why == nil || why.Kind.Breaks() {
		return false
	}
	each := why.Each()
	return len(each) > 0 && !slices.ContainsFunc(each, func(one *fault.Fault) bool { return !alike[one.Code] })
}

// alike are the faults of records that are like another.
var alike = map[string]bool{"record.duplicate": true, "record.not_unique": true, "record.not_unique_hidden": true, "record.not_unique_message": true}

// tellable are the faults of records that are told to people outside: what rules and workflows say to whoever writes, and, where that is
// true, what is wrong with a field that they were asked.
var tellable = map[string]bool{"record.rule": false, "workflow.refused": false, "record.required": true, "record.option_not_offered": true, "record.option_not_of_type": true}

// told is what whoever sent a form is told of why no record was made: what is wrong with what they were asked, and what rules say; nothing of
// other fields or records.
func (f *Form) told(err error) error {
	why := fault.From(err)
	if why == nil || why.Kind.Breaks() {
		return err
	}
	var problems []*fault.Fault
	for _, one := range why.Each() {
		name := strings.TrimPrefix(one.Pointer, "/")
		ofField, told := tellable[one.Code]
		if !told || ofField && !f.asks(name) {
			continue
		}
		problem := *one
		problem.Subject, problem.Pointer = "", ""
		if f.asks(name) {
			problem.Pointer = "/values/" + name
		}
		problems = append(problems, &problem)
	}
	if len(problems) == 0 {
		return fault.New(fault.Invalid, "form.not_taken").Because(err)
	}
	return fault.All(fault.Invalid, "form.invalid", problems)
}
