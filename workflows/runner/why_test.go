package runner_test

import (
	"encoding/json"
	"testing"

	"formwork/workflows/runner"
)

// Why a step of a run on nobody's behalf failed is told in the language of whoever reads it, and as it stands where an earlier version kept a text.
func TestWhyInTheLanguageOfTheReader(t *testing.T) {
	s := newStage(t, read[[]json.RawMessage](t, "testdata/world.json"), scenario{}, "core")
	s.Apply(`{"kind": "workflow", "name": "w", "label": "W", "object": "deal", "trigger": {"type": "after_save", "on": ["create"]}, "start": "a", "steps": {
		"a": {"type": "update", "object": "account", "record": "account", "values": {"name": "''"}, "failed": "b"},
		"b": {"type": "set", "values": {"note": "'told'"}}}}`)
	account := s.Create("account", map[string]any{"name": "A"})
	s.Create("deal", map[string]any{"name": "D", "account": account.String()})
	s.settle(t)
	runs := s.runs(t)
	run, err := runner.Get(t.Context(), s.Tenant.Tenant, runs[len(runs)-1].ID)
	if err != nil {
		t.Fatal(err)
	}
	effect := run.Trace[0].Effects[0]
	en, zh := effect.In("en"), effect.In("zh")
	if effect.Do != "failed" || en != "“name” may not be empty." || zh != "“name”不能为空。" {
		t.Errorf("%s: %q, %q", effect.Do, en, zh)
	}
	var former runner.Effect
	if err := json.Unmarshal([]byte(`{"do": "failed", "text": "It was so."}`), &former); err != nil || former.In("zh") != "It was so." {
		t.Errorf("of an earlier version: %q, %v", former.In("zh"), err)
	}
}
