package record_test

import (
	"encoding/json"
	"testing"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record"
)

// A case-sensitive key, of a field or of several, tells texts apart by case; so does
// whatever finds records by it.
func TestCaseSensitiveKeys(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"part","label":"Part","name_field":"name","fields":{"name":{"type":"text"},"maker":{"type":"text"},"size":{"type":"number"},
		"code":{"type":"text","unique":true,"case_sensitive":true}},"unique":{"made":{"fields":["maker","name","size"],"case_sensitive":true}}}`)
	create := func(data map[string]any) (id.ID, error) {
		saved, err := w.as("ada").Create(w.ctx, "part", data)
		if err != nil {
			return 0, err
		}
		return saved.Record.ID(), nil
	}
	small, err := create(map[string]any{"name": "N", "maker": "M", "size": json.Number("1"), "code": "ab"})
	if err != nil {
		t.Fatal(err)
	}
	large, err := create(map[string]any{"name": "n", "maker": "M", "size": json.Number("1"), "code": "Ab"})
	if err != nil {
		t.Fatalf("another case: %v", err)
	}
	if _, err := create(map[string]any{"name": "X", "code": "ab"}); !fault.Is(err, "record.not_unique") {
		t.Errorf("the same case: %v", err)
	}
	if _, err := create(map[string]any{"name": "N", "maker": "M", "size": json.Number("1")}); !fault.Is(err, "record.not_unique") {
		t.Errorf("the same of several: %v", err)
	}
	if _, err := w.as("ada").Update(w.ctx, "part", large, map[string]any{"code": "ab"}, 0); !fault.Is(err, "record.not_unique") {
		t.Errorf("becoming the same: %v", err)
	}
	made := map[string]any{"name": "n", "maker": "M", "size": json.Number("1")}
	outcomes, err := w.as("ada").Check(w.ctx, "part", []record.Operation{
		{Op: "update", Key: "code", Data: map[string]any{"code": "Ab"}},
		{Op: "update", Match: []string{"code"}, Data: map[string]any{"code": "ab"}},
		{Op: "update", Key: "made", Data: made},
		{Op: "upsert", Key: "code", Data: map[string]any{"name": "new", "code": "AB"}},
	})
	if err != nil || outcomes[0].ID != large || outcomes[1].ID != small || outcomes[2].ID != large || outcomes[3].Did != "created" {
		t.Errorf("found %v, %v", outcomes, err)
	}
	if found, err := w.as("ada").ByKey(w.ctx, "part", "code", []any{"ab", "AB", "Ab"}); err != nil || found[0] != small || found[1] != 0 || found[2] != large {
		t.Errorf("found by keys: %v, %v", found, err)
	}
}

// A key that begins or ceases to tell case apart is planned with the records that agree in
// it; those that do stay, and are left out of it until they are changed.
func TestKeysChangeTheirCase(t *testing.T) {
	w := newWorld(t).populate()
	document := func(settings string) string {
		return `{"kind":"object","name":"part","label":"Part","name_field":"name","fields":{"name":{"type":"text"},"code":{"type":"text"` + settings + `}}}`
	}
	agree := func(settings string) int64 {
		t.Helper()
		plan, err := w.catalog.Plan(w.ctx, w.tenant, catalog.Change{Documents: []json.RawMessage{json.RawMessage(document(settings))}})
		if err != nil || len(plan.Problems) > 0 {
			t.Fatalf("%v %v", plan, err)
		}
		for _, i := range plan.Impact {
			if i.Path == "object/part/unique/code" && i.Class == catalog.Narrowing && i.Records != nil {
				return *i.Records
			}
		}
		t.Fatalf("the plan does not tell of the key: %v", plan.Impact)
		return 0
	}
	const folded, exact = `,"unique":true`, `,"unique":true,"case_sensitive":true`
	w.apply(document(""))
	var keys []id.ID
	for _, code := range []string{"a", "A", "b", "b", "c"} {
		keys = append(keys, w.create(w.as("ada"), "part", map[string]any{"name": "P", "code": code}).Record.ID())
	}
	if n := agree(folded); n != 4 {
		t.Errorf("%d records agree whatever the case", n)
	}
	if n := agree(exact); n != 2 {
		t.Errorf("%d records agree in their case as well", n)
	}
	w.apply(document(exact))
	w.work()
	if _, err := w.as("ada").Update(w.ctx, "part", keys[2], map[string]any{"name": "Q"}, 0); err != nil {
		t.Errorf("changing something else of records that agree: %v", err)
	}
	if _, err := w.as("ada").Create(w.ctx, "part", map[string]any{"name": "P", "code": "a"}); !fault.Is(err, "record.not_unique") {
		t.Errorf("the same case: %v", err)
	}
	w.create(w.as("ada"), "part", map[string]any{"name": "P", "code": "C"})
	if n := agree(folded); n != 6 {
		t.Errorf("%d records agree once case does not count", n)
	}
}
