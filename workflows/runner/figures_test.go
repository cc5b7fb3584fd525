package runner_test

import (
	"encoding/json"
	"testing"

	"formwork/workflows/runner"
)

// Runs that are cancelled together with the one that called them are counted, and so is each try of a request, once.
func TestFiguresCountWhatEndsTogether(t *testing.T) {
	s := newStage(t, read[[]json.RawMessage](t, "testdata/world.json"), scenario{
		Documents: []json.RawMessage{json.RawMessage(`{"kind":"connection","name":"erp","label":"ERP","url":"$server"}`),
			json.RawMessage(`{"kind":"workflow","name":"sub","object":"deal","trigger":{"type":"called"},"start":"wait","steps":{"wait":{"type":"wait","for":"days(1)"}}}`),
			json.RawMessage(`{"kind":"workflow","name":"calls","object":"deal","trigger":{"type":"manual"},"start":"ask","steps":{"ask":{"type":"request","connection":"erp","path":"'x'","next":"call"},"call":{"type":"call","workflow":"sub"}}}`)},
		Server: map[string][]said{"GET /x": {{Status: 200}}}}, "core")
	s.do(t, "making it", deed{Create: "deal", Keep: "d", Data: map[string]any{"name": "D"}})
	s.do(t, "pressing it", deed{Press: "calls", On: "d", State: runner.Waiting})
	s.do(t, "cancelling it", deed{Cancel: 1})
	f := s.Workflows.Figures()
	if f.Begun != 2 || f.Ended[runner.Cancelled] != 2 || f.Ended[runner.Done]+f.Ended[runner.Failed] != 0 || f.Calls["done"] != 1 || f.Calls["pending"]+f.Calls["failed"] != 0 {
		t.Errorf("%d runs began, and ended %v, with the calls %v", f.Begun, f.Ended, f.Calls)
	}
}
