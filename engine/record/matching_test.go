package record_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"formwork/engine/record"
)

// Updates and upserts find their record by fields that need not be unique: among the
// records and by the fields that the caller may read.
func TestMatching(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"person","label":"Person","name_field":"last","visibility":"private","fields":{
			"last":{"type":"text"},"first":{"type":"text"},"born":{"type":"date"},"size":{"type":"number","scale":1},"boss":{"type":"lookup","object":"person"},
			"mail":{"type":"email","unique":true},"note":{"type":"text"},"tags":{"type":"tags"},"code":{"type":"auto_number","pattern":"P-{0}"},"made":{"type":"text","unique":true,"read_only":true},"upper":{"type":"formula","result":"text","expression":"first"},"whole":{"type":"formula","result":"text","expression":"first + boss.last"}}}`,
		`{"kind":"permission","name":"sales","label":"S","objects":{"person":{"create":true,"read":true,"update":true,"fields":{"*":"edit","note":"none"}}}}`,
		`{"kind":"permission","name":"reader","label":"R","objects":{"person":{"create":true,"update":true}}}`)
	ann := w.create(w.as("rob"), "person", map[string]any{"last": "Lee", "first": "Ann", "born": "1990-01-02", "mail": "ann@example.com"}).Record.ID()
	w.create(w.as("rob"), "person", map[string]any{"last": "Lee", "first": "Bo", "size": json.Number("1.5"), "boss": ann.String()})
	for range 11 {
		w.create(w.as("rob"), "person", map[string]any{"last": "Many"})
	}
	w.create(w.as("ada"), "person", map[string]any{"last": "Hidden", "note": "x"})
	for name, c := range map[string]struct {
		by    string
		op    string
		match []string
		data  map[string]any
		want  string // what was done, or the code and the place of the fault
	}{
		"one":                      {"rob", "upsert", []string{"first"}, map[string]any{"first": "Ann", "size": json.Number("2")}, "updated"},
		"one of several fields":    {"rob", "update", []string{"last", "born"}, map[string]any{"last": "Lee", "born": "1990/1/2"}, "unchanged"},
		"by a lookup":              {"rob", "update", []string{"boss"}, map[string]any{"boss": ann.String()}, "unchanged"},
		"by a number":              {"rob", "update", []string{"size"}, map[string]any{"size": json.Number("1.50")}, "unchanged"},
		"another case":             {"rob", "update", []string{"first"}, map[string]any{"first": "ann"}, "record.match_not_found "},
		"a unique key in any case": {"rob", "update", []string{"mail"}, map[string]any{"mail": "ANN@example.com", "first": "Ann"}, "updated"},
		"none, made":               {"rob", "upsert", []string{"first", "last"}, map[string]any{"first": "Cy", "last": "Lee"}, "created"},
		"none, to be changed":      {"rob", "update", []string{"first"}, map[string]any{"first": "Zoe"}, "record.match_not_found "},
		"several":                  {"rob", "upsert", []string{"last"}, map[string]any{"last": "Lee"}, "record.matches_several /match"},
		"very many":                {"rob", "upsert", []string{"last"}, map[string]any{"last": "Many"}, "record.matches_many /match"},
		"one that may not be read": {"rob", "upsert", []string{"last"}, map[string]any{"last": "Hidden"}, "created"},
		"by a hidden field":        {"rob", "upsert", []string{"note"}, map[string]any{"last": "Hidden"}, "record.unknown_field /match"},
		"by none":                  {"rob", "upsert", []string{"nothing"}, map[string]any{"last": "Hidden"}, "record.unknown_field /match"},
		"by an empty value":        {"rob", "upsert", []string{"first"}, map[string]any{"last": "Lee"}, "record.key_empty /first"},
		"by an automatic number":   {"rob", "update", []string{"code"}, map[string]any{"code": "P-1", "first": "Anne"}, "updated"},
		"by a stored formula":      {"rob", "update", []string{"upper"}, map[string]any{"upper": "Ann", "first": "Anne"}, "updated"},
		"by a number of none":      {"rob", "upsert", []string{"code"}, map[string]any{"code": "P-99", "last": "New"}, "record.sought_read_only /code"},
		"by what is read only":     {"rob", "update", []string{"made"}, map[string]any{"made": "x"}, "record.key_not_found "},
		"with a number besides":    {"rob", "update", []string{"first"}, map[string]any{"first": "Ann", "code": "P-1"}, "record.invalid "},
		"by a list":                {"rob", "upsert", []string{"tags"}, map[string]any{"tags": []any{"a"}}, "record.not_matched /match"},
		"by what is computed":      {"rob", "upsert", []string{"whole"}, map[string]any{"first": "Ann"}, "record.not_matched /match"},
		"by too many":              {"rob", "upsert", []string{"first", "last", "born", "size", "boss", "mail"}, map[string]any{}, "record.too_many_matched /match"},
		"by who may not read":      {"rex", "upsert", []string{"last"}, map[string]any{"last": "Lee"}, "record.forbidden "},
	} {
		t.Run(name, func(t *testing.T) {
			outcomes, err := w.as(c.by).Check(w.ctx, "person", []record.Operation{{Op: c.op, Match: c.match, Data: c.data}})
			if err != nil {
				t.Fatal(err)
			}
			got := outcomes[0].Did
			if f := outcomes[0].Fault; f != nil {
				got = f.Code + " " + f.Pointer
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// Where no index helps to find records, a request may look through the table a few times.
func TestSlowMatchesAreFew(t *testing.T) {
	w := newWorld(t)
	w.apply(`{"kind":"object","name":"person","label":"Person","name_field":"last","fields":{"last":{"type":"text"},"first":{"type":"text"},"code":{"type":"text","indexed":true}}}`)
	refused := func(match ...string) (n int) {
		var ops []record.Operation
		for i := range 15 {
			ops = append(ops, record.Operation{Op: "upsert", Match: match, Data: map[string]any{"first": fmt.Sprint(i), "code": fmt.Sprint(i)}})
		}
		outcomes, err := w.system().Check(w.ctx, "person", ops)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range outcomes {
			if o.Fault != nil && o.Fault.Code == "record.match_not_indexed" {
				n++
			}
		}
		return n
	}
	if n := refused("first"); n != 5 {
		t.Errorf("%d are refused where there is no index", n)
	}
	if n := refused("first", "code"); n != 0 {
		t.Errorf("%d are refused where there is an index", n)
	}
}

// Upserts of the same values that come at once make one record, also for those that come
// together.
func TestMatchingAtOnce(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"person","label":"Person","name_field":"last","fields":{"last":{"type":"text"},"size":{"type":"number"}}}`)
	var all sync.WaitGroup
	var mu sync.Mutex
	did := map[string]int{}
	for i := range 8 {
		all.Go(func() {
			op := record.Operation{Op: "upsert", Match: []string{"last"}, Data: map[string]any{"last": "Lee", "size": json.Number(fmt.Sprint(i))}}
			outcomes, err := w.as("ada").Bulk(w.ctx, "person", []record.Operation{op, op}, false)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			for _, o := range outcomes {
				if o.Fault != nil {
					t.Error(o.Fault)
				}
				did[o.Did]++
			}
		})
	}
	all.Wait()
	if did["created"] != 1 || did["updated"] != 7 || did["unchanged"] != 8 {
		t.Errorf("done: %v", did)
	}
	if page, err := w.as("ada").List(w.ctx, "person", record.ListQuery{}); err != nil || len(page.Items) != 1 {
		t.Errorf("there are %v, %v", page, err)
	}
}
