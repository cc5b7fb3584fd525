package workflows_test

import (
	"encoding/json"
	"testing"

	"formwork/engine/message"
	"formwork/workflows"
	"formwork/workflows/steps"
	"formwork/workflows/triggers"
)

type titled interface {
	Name() string
	Schema() json.RawMessage
}

// Every type is called something in every language, in English as in its schema.
func TestTitlesOfTypes(t *testing.T) {
	check := func(of string, one titled) {
		var schema struct{ Title string }
		if err := json.Unmarshal(one.Schema(), &schema); err != nil {
			t.Fatal(err)
		}
		if code := of + "." + one.Name(); !message.Known(code) {
			t.Errorf("%s has no text in engine/message/messages/%s.json", code, of)
		} else if got := workflows.TitleOf(of, one, "en"); got != schema.Title {
			t.Errorf("%s is %q, and in its schema %q", code, got, schema.Title)
		}
	}
	for _, one := range steps.All() {
		check("step", one)
	}
	for _, one := range triggers.All() {
		check("trigger", one)
	}
	if got := workflows.TitleOf("step", plugged{}, "zh"); got != "Of a plugin" {
		t.Errorf("a plugin's type is called %q", got)
	}
}

type plugged struct{}

func (plugged) Name() string            { return "plugged" }
func (plugged) Schema() json.RawMessage { return json.RawMessage(`{"title": "Of a plugin"}`) }
