package record_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/metadata/schema"
)

// step is one call of a scenario. "$x" anywhere stands for the id kept under x.
type step struct {
	As       string          `json:"as"`
	Do       string          `json:"do"`
	Object   string          `json:"object"`
	ID       string          `json:"id"`
	Version  int64           `json:"version"`
	Data     map[string]any  `json:"data"`
	Args     json.RawMessage `json:"args"` // of calls with more than data
	Keep     string          `json:"keep"` // keeps the record's id under this name
	Want     any             `json:"want"` // part of the answer: objects may have more members
	Fault    string          `json:"fault"`
	Untraced bool            `json:"untraced"` // nothing may have been written
	Language string          `json:"language"`
	Text     string          `json:"text"`  // the fault's first text
	Hours    int             `json:"hours"` // that pass before
}

type arguments struct {
	Filter, Q, Cursor, List string
	Sort, Fields, Objects   []string
	Limit, Skip             int
	Count, Atomic           bool
	From                    []string
	Ops                     []struct {
		Op, ID, Key string
		Version     int64
		Data        map[string]any
		At          time.Time
	}
	Aggregate record.AggregateQuery
}

type scenario struct {
	w    *world
	kept map[string]string
}

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var tests map[string][]step
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		d.DisallowUnknownFields()
		if err := d.Decode(&tests); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for name, steps := range tests {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".json")+"/"+strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				s := &scenario{w: newWorld(t).populate(), kept: map[string]string{}}
				for name, p := range s.w.people {
					s.kept[name] = p.User.String()
				}
				for i, st := range steps {
					s.step(t, fmt.Sprintf("step %d (%s %s)", i+1, st.Do, st.Object), st)
				}
			})
		}
	}
}

func (s *scenario) step(t *testing.T, at string, st step) {
	t.Helper()
	s.w.time = s.w.time.Add(time.Second + time.Duration(st.Hours)*time.Hour)
	session := s.w.system()
	if st.As != "" {
		caller := *s.w.people[st.As]
		if st.Language != "" {
			caller.Language = st.Language
		}
		session = s.w.service.As(s.w.tenant, s.w.snapshot, &caller)
	}
	before := s.w.traces()
	answer, key, err := s.call(t, session, st)
	if got := faults(err); got != s.text(st.Fault) {
		t.Fatalf("%s: fault %q, want %q (%v)", at, got, st.Fault, err)
	}
	if st.Text != "" {
		if got := text(err, st.Language); got != st.Text {
			t.Fatalf("%s: text %q, want %q", at, got, st.Text)
		}
	}
	if after := s.w.traces(); (st.Untraced || st.Fault != "") && before != after {
		t.Fatalf("%s: left traces: %v, before %v", at, after, before)
	}
	if err == nil && (st.Do == "create" || st.Do == "update" || st.Do == "restore") {
		// Whatever was saved meets the object's JSON Schema, though saving itself asks
		// it only about what expressions made.
		meets, err := schema.Compile(s.w.snapshot.Objects[st.Object].SchemaJSON)
		if err != nil {
			t.Fatal(err)
		}
		if err := meets.Validate(s.w.get(s.w.system(), st.Object, key)); err != nil {
			t.Fatalf("%s: %v", at, err)
		}
	}
	if st.Keep != "" {
		s.kept[st.Keep] = key.String()
	}
	if st.Want == nil {
		return
	}
	if problem := differs("", plain(t, answer), s.replace(st.Want)); problem != "" {
		raw, _ := json.Marshal(answer)
		t.Fatalf("%s: %s\nin %s", at, problem, raw)
	}
}

// call does what a step says.
func (s *scenario) call(t *testing.T, session *record.Session, st step) (answer any, key id.ID, err error) {
	t.Helper()
	var a arguments
	if len(st.Args) > 0 {
		d := json.NewDecoder(strings.NewReader(s.text(string(st.Args))))
		d.UseNumber()
		if err := d.Decode(&a); err != nil {
			t.Fatal(err)
		}
	}
	key, _ = id.Parse(s.text(st.ID))
	data, _ := s.replace(st.Data).(map[string]any)
	ctx := s.w.ctx
	q := record.ListQuery{Filter: a.Filter, Q: a.Q, Sort: a.Sort, Fields: a.Fields, Limit: a.Limit, Cursor: a.Cursor, Skip: a.Skip}
	if a.Count {
		q.Total = record.UsualTotal
	}
	switch st.Do {
	case "create":
		return saved(session.Create(ctx, st.Object, data))
	case "update":
		return saved(session.Update(ctx, st.Object, key, data, st.Version))
	case "restore":
		return saved(session.Restore(ctx, st.Object, key))
	case "delete":
		return nil, key, session.Delete(ctx, st.Object, key, st.Version)
	case "get":
		answer, err = session.Get(ctx, st.Object, key, a.Fields)
	case "list":
		answer, err = session.List(ctx, st.Object, q)
	case "related":
		answer, err = session.Related(ctx, st.Object, key, a.List, q)
	case "aggregate":
		answer, err = session.Aggregate(ctx, st.Object, a.Aggregate)
	case "history":
		answer, err = session.History(ctx, st.Object, key, a.Cursor, a.Limit)
	case "bin":
		answer, err = bin(session.Bin(ctx, st.Object, record.BinQuery{Words: a.Q, Cursor: a.Cursor, Limit: a.Limit, Names: true}))
	case "purge":
		answer, err = session.Purge(ctx, st.Object, key)
	case "search":
		answer, err = hits(session.Search(ctx, a.Q, a.Objects, a.Limit))
	case "duplicates":
		var matches []record.Match
		matches, err = session.Duplicates(ctx, st.Object, key)
		answer = shown(matches)
	case "merge":
		var from []id.ID
		for _, text := range a.From {
			loser, _ := id.Parse(text)
			from = append(from, loser)
		}
		return saved(session.Merge(ctx, st.Object, key, from, data))
	case "bulk":
		answer, err = s.bulk(session, st.Object, a)
	default:
		t.Fatalf("nobody knows how to %q", st.Do)
	}
	return answer, key, err
}

// saved is a saved record with its warnings.
func saved(sv *record.Saved, err error) (any, id.ID, error) {
	if err != nil {
		return nil, 0, err
	}
	var warnings []any
	for _, w := range sv.Warnings {
		warnings = append(warnings, map[string]any{"code": w.Fault.Code, "pointer": w.Fault.Pointer, "matches": shown(w.Matches)})
	}
	return map[string]any{"record": sv.Record, "warnings": warnings}, sv.Record.ID(), nil
}

func shown(matches []record.Match) []any {
	out := []any{}
	for _, m := range matches {
		out = append(out, map[string]any{"object": m.Object, "id": m.ID.String(), "name": m.Name})
	}
	return out
}

func bin(page *record.BinPage, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	items := []any{}
	for _, b := range page.Items {
		items = append(items, map[string]any{"id": b.ID.String(), "name": b.Name, "by": page.Names["user"][b.DeletedBy]})
	}
	return map[string]any{"items": items, "next": page.Next}, nil
}

func hits(found []record.Hit, err error) (any, error) {
	out := []any{}
	for _, h := range found {
		line := h.Object + " " + h.Name
		if h.About != "" {
			line += " (" + h.About + ")"
		}
		out = append(out, line)
	}
	return out, err
}

func (s *scenario) bulk(session *record.Session, object string, a arguments) (any, error) {
	var ops []record.Operation
	for _, o := range a.Ops {
		key, _ := id.Parse(o.ID)
		ops = append(ops, record.Operation{Op: o.Op, ID: key, Key: o.Key, Version: o.Version, Data: o.Data, At: o.At})
	}
	outcomes, err := session.Bulk(s.w.ctx, object, ops, a.Atomic)
	var lines []any
	for _, o := range outcomes {
		if o.Fault != nil {
			lines = append(lines, map[string]any{"fault": faults(o.Fault)})
			continue
		}
		lines = append(lines, map[string]any{"did": o.Did})
	}
	return lines, err
}

// replace puts ids in the place of "$x".
func (s *scenario) replace(v any) any {
	switch v := v.(type) {
	case string:
		return s.text(v)
	case map[string]any:
		out := map[string]any{}
		for key, item := range v {
			out[key] = s.replace(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = s.replace(item)
		}
		return out
	}
	return v
}

func (s *scenario) text(v string) string {
	if !strings.Contains(v, "$") {
		return v
	}
	for name, key := range s.kept {
		v = strings.ReplaceAll(v, "$"+name+"$", key)
	}
	return v
}

// plain is a value as JSON sees it.
func plain(t *testing.T, v any) any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// differs says where got lacks something of want: members of objects may be more,
// arrays have the same length. "(absent)" wants a member not to be there.
func differs(at string, got, want any) string {
	switch want := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is %v, want an object", at, got)
		}
		for key, w := range want {
			item, there := g[key]
			if w == "(absent)" {
				if there {
					return fmt.Sprintf("%s/%s is %v, and should not be there", at, key, item)
				}
				continue
			}
			if problem := differs(at+"/"+key, item, w); problem != "" {
				return problem
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok && (got != nil || len(want) > 0) || len(g) != len(want) {
			return fmt.Sprintf("%s is %v, want %d items", at, got, len(want))
		}
		for i := range want {
			if problem := differs(fmt.Sprintf("%s/%d", at, i), g[i], want[i]); problem != "" {
				return problem
			}
		}
		return ""
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("%s is %v, want %v", at, got, want)
	}
	return ""
}
