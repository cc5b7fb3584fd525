package runner_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"formwork/engine/fault"
	"formwork/workflows/runner"
)

// replays holds that every run which has ended goes the same way when it is played again, and that this does nothing.
func (s *stage) replays(t *testing.T) (replayed int) {
	t.Helper()
	s.settle(t)
	s.outside.took()
	s.smtp.took()
	var before, after bytes.Buffer
	if err := s.Tenant.Dump(t.Context(), &before); err != nil {
		t.Fatal(err)
	}
	for _, run := range s.runs(t) {
		if run.State == runner.Waiting {
			continue
		}
		again, err := s.Workflows.Replay(t.Context(), s.Tenant.Tenant, run.ID)
		if fault.Is(err, "workflow.not_recorded") && run.Steps > 200 {
			continue
		}
		if err != nil {
			t.Errorf("the run of %s is not replayed: %v", run.Workflow, err)
			continue
		}
		replayed++
		if want, got := s.trace(run), s.trace(again.Run); !again.Agrees || !slices.Equal(got, want) {
			t.Errorf("the run of %s (%s, %v) did\n%q; replayed (%s, %v, departing %+v) it does\n%q", run.Workflow, run.State, run.Fault, want, again.Run.State, again.Run.Fault, again.Departs, got)
		}
		want, got := told(t, run), told(t, again.Run)
		if again.Agrees && want != got {
			t.Errorf("the run of %s is told as\n%s; replayed as\n%s", run.Workflow, want, got)
		}
	}
	s.settle(t)
	if err := s.Tenant.Dump(t.Context(), &after); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before.Bytes(), after.Bytes()) {
		t.Error("replaying changed what is kept")
		os.WriteFile("/tmp/dump_a", before.Bytes(), 0o600)
		os.WriteFile("/tmp/dump_b", after.Bytes(), 0o600)
	}
	if sent, mailed := s.outside.took(), s.smtp.took(); len(sent)+len(mailed) > 0 {
		t.Errorf("replaying asked %q and sent %q", sent, mailed)
	}
	return replayed
}

// told is all that is told of a run.
func told(t *testing.T, run *runner.Run) string {
	t.Helper()
	raw, err := json.Marshal([]any{run.State, run.Steps, run.Trace})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
