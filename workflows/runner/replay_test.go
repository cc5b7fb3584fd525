package runner_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
	"formwork/workflows/approval"
	"formwork/workflows/runner"
)

// replays holds that every run which has ended goes the same way when it is played again, and that this does nothing.
func (s *stage) replays(t *testing.T) (replayed int) {
	t.Helper()
	s.settle(t)
	s.outside.took()
	s.smtp.took()
	before := s.dumped(t)
	replayed = s.replayAll(t)
	if !bytes.Equal(before, s.dumped(t)) {
		t.Error("replaying changed what is kept")
	}
	s.settle(t) // a job would send what is to be sent
	if sent, mailed := s.outside.took(), s.smtp.took(); len(sent)+len(mailed) > 0 {
		t.Errorf("replaying asked %q and sent %q", sent, mailed)
	}
	return replayed
}

func (s *stage) dumped(t *testing.T) []byte {
	t.Helper()
	var all bytes.Buffer
	if err := s.Tenant.Dump(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}

func (s *stage) replayAll(t *testing.T) (replayed int) {
	t.Helper()
	for _, run := range s.runs(t) {
		if run.State == runner.Waiting {
			continue
		}
		again, err := s.Workflows.Replay(t.Context(), s.Tenant.Tenant, run.ID)
		if w := workflows.Of(s.Snapshot()).ByName[run.Workflow]; fault.Is(err, "workflow.not_recorded") && (run.Steps > 200 || w == nil || !w.Records()) {
			continue
		}
		if err != nil {
			t.Errorf("the run of %s is not replayed: %v", run.Workflow, err)
			continue
		}
		replayed++
		if want, got := told(t, run), told(t, again.Run); !again.Agrees || want != got {
			t.Errorf("the run of %s (%v) did\n%s; replayed (%v), departing %+v, it does\n%s", run.Workflow, run.Fault, want, again.Run.Fault, again.Departs, got)
		}
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

// growing makes workflows of steps at random.
type growing struct {
	*rand.Rand
	steps map[string]any
}

// add adds a step, and returns its name.
func (g *growing) add(step map[string]any) string {
	name := fmt.Sprint("s", len(g.steps))
	g.steps[name] = step
	return name
}

// grow makes steps one after the other, and returns the first.
func (g *growing) grow(deep int) (next string) {
	for range 1 + g.IntN(3) {
		step, name := map[string]any{}, fmt.Sprint("s", len(g.steps))
		g.steps[name] = step
		if next != "" {
			step["next"] = next
		}
		switch kind := g.IntN(15); {
		case kind == 0:
			step["type"], step["values"] = "set", map[string]any{"note": "name + ' ' + text(now()) + (account.region ?? '')", "amount": "(amount ?? 0) + 1"}
		case kind == 1:
			step["type"], step["values"] = "compute", map[string]any{"sum": map[string]any{"type": "number", "scale": 2, "value": "(net ?? 0) * 2"}, "when": map[string]any{"type": "datetime", "value": "now() + hours(1)"}}
		case kind == 2:
			step["type"], step["object"], step["filter"], step["sort"] = "find", "account", "tier == 'gold' and name != record.name", []string{"-name"}
			step["next"] = g.add(map[string]any{"type": "set", "values": map[string]any{"note": fmt.Sprintf("steps.%s.record.name", name)}, "next": next})
			if next == "" {
				delete(g.steps[step["next"].(string)].(map[string]any), "next")
			}
		case kind == 3:
			step["type"], step["among"] = "assign", "email in ['rob@example.com', 'rita@example.com', 'wang@example.com']"
			step["by"] = []string{"turns", "load"}[g.IntN(2)]
		case kind == 4:
			step["type"], step["connection"], step["path"], step["tries"] = "request", "erp", "'x'", 2
			step["answer"] = map[string]any{"n": map[string]any{"at": "/n", "type": "number", "required": g.IntN(2) == 0}}
			if next != "" && g.IntN(2) == 0 {
				step["failed"] = next
			}
		case kind == 5:
			step["type"], step["among"], step["text"], step["within"] = "approval", "email == 'rita@example.com' or email == 'wang@example.com'", map[string]string{"en": "Is {{ name }} good?", "zh": "{{ name }}好吗？"}, "days(2)"
			step["way"] = []string{"any", "all"}[g.IntN(2)]
			delete(step, "next")
			if next != "" {
				step["approved"] = next
			}
		case kind == 6:
			step["type"], step["for"] = "wait", fmt.Sprintf("hours(%d)", 1+g.IntN(40))
		case kind == 7:
			step["type"], step["when"], step["within"] = "wait", "amount > 60", "days(1)"
		case kind == 8:
			step["type"], step["object"], step["values"] = "create", "todo", map[string]any{"title": []string{"'About ' + name", "note"}[g.IntN(2)], "due": "today()"}
			step["retry"] = map[string]any{"times": 1, "after": "1m"}
		case kind == 9:
			step["type"], step["object"], step["match"], step["values"] = "upsert", "account", map[string]any{"name": "'of ' + name"}, map[string]any{"region": "text(now())"}
		case kind == 10 && deep > 0:
			step["type"], step["object"], step["filter"], step["limit"] = "for_each", "account", "tier == 'silver'", 3
			step["do"] = g.grow(deep - 1)
		case kind == 11 && deep > 0:
			step["type"], step["ways"] = "parallel", []any{map[string]any{"do": g.grow(deep - 1)}, map[string]any{"do": g.grow(deep - 1)}}
			step["join"] = []string{"all", "any"}[g.IntN(2)]
		case kind > 11 && deep > 0 && next == "":
			step["type"], step["if"] = "branch", "amount > 40 or user.email == 'rita@example.com'"
			step["then"], step["else"] = g.grow(deep-1), g.grow(deep-1)
		default:
			step["type"], step["to"], step["text"] = "notify", "owner", "name + ' ' + text(amount)"
		}
		next = name
	}
	return next
}

// Runs of random workflows go the same way when they are played again, also after the data and the definition have changed; and
// nothing is done by that.
func TestRunsOfRandomWorkflowsAreReplayed(t *testing.T) {
	states, kinds := map[string]int{}, map[string]int{}
	for seed := range uint64(12) {
		g := &growing{Rand: rand.New(rand.NewPCG(seed, 7)), steps: map[string]any{}}
		s := newStage(t, read[[]json.RawMessage](t, "testdata/world.json"), scenario{
			Documents: []json.RawMessage{json.RawMessage(`{"kind":"connection","name":"erp","label":"ERP","url":"$server"}`)},
			Server:    map[string][]said{"GET /x": {{Body: json.RawMessage(`{"n":7}`)}, {Status: 503}, {Body: json.RawMessage(`{}`)}, {Body: json.RawMessage(`{"n":8}`)}}}}, "core")
		start := g.grow(2)
		s.install(t, map[string]any{"kind": "workflow", "name": "w", "object": "deal", "trigger": map[string]any{"type": "after_save", "on": []string{"create"}}, "when": "amount > 10 and old.amount == nil", "start": start, "steps": g.steps})
		var deals []id.ID
		for i := range 4 {
			if _, err := s.System().Create(t.Context(), "account", map[string]any{"name": fmt.Sprint("A", i), "tier": []string{"gold", "silver"}[i%2], "region": "north"}); err != nil {
				t.Fatal(err)
			}
			made, err := s.As(s.people["rob"]).Create(t.Context(), "deal", map[string]any{"name": fmt.Sprint("D", i), "amount": fmt.Sprint(g.IntN(80))})
			if err != nil {
				t.Fatal(err)
			}
			deals = append(deals, made.Record.ID())
		}
		for range 40 {
			s.settle(t)
			if !g.happens(t, s, deals) {
				break
			}
		}
		for _, run := range s.runs(t) {
			if run.State == runner.Waiting {
				if err := s.Workflows.Cancel(t.Context(), s.Tenant.Tenant, run.ID); err != nil {
					t.Fatal(err)
				}
			}
			for _, did := range run.Trace {
				kinds[g.steps[did.Step].(map[string]any)["type"].(string)]++
			}
		}
		s.replays(t)
		for _, key := range deals {
			if _, err := s.System().Update(t.Context(), "deal", key, map[string]any{"amount": "3", "note": "changed", "name": "changed"}, 0); err != nil {
				t.Fatal(err)
			}
		}
		s.install(t, map[string]any{"kind": "workflow", "name": "w", "object": "deal", "trigger": map[string]any{"type": "after_save", "on": []string{"create"}}, "start": "stop", "steps": map[string]any{"stop": map[string]any{"type": "stop"}}})
		s.replays(t)
		for _, run := range s.runs(t) {
			states[run.State]++
		}
	}
	for _, want := range []string{runner.Done, runner.Failed, runner.Cancelled} {
		if states[want] == 0 {
			t.Errorf("no run was %s: %v", want, states)
		}
	}
	for _, want := range []string{"find", "wait", "assign", "request", "approval", "parallel", "for_each", "branch", "compute", "create", "upsert", "set"} {
		if kinds[want] == 0 {
			t.Errorf("no step %s was done: %v", want, kinds)
		}
	}
}

func (s *stage) install(t *testing.T, doc map[string]any) {
	t.Helper()
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Catalog.Apply(t.Context(), s.Tenant.Tenant, catalog.Change{Documents: []json.RawMessage{raw}}, 0); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
}

// happens has something happen that runs wait for, and reports whether any does.
func (g *growing) happens(t *testing.T, s *stage, deals []id.ID) bool {
	t.Helper()
	waiting := false
	for _, run := range s.runs(t) {
		switch waits := run.State == runner.Waiting; {
		case waits && g.IntN(25) == 0:
			if err := s.Workflows.Cancel(t.Context(), s.Tenant.Tenant, run.ID); err != nil {
				t.Fatal(err)
			}
		case waits:
			waiting = true
		case run.Retryable() == nil && g.IntN(8) == 0:
			if err := s.Workflows.Retry(t.Context(), s.Tenant.Tenant, run.ID); err != nil {
				t.Fatal(err)
			}
			waiting = true
		}
	}
	deal := deals[g.IntN(len(deals))]
	all, err := approval.OfRecord(t.Context(), s.Tenant.Tenant, "deal", deal, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range all {
		who := []string{"rita", "wang"}[g.IntN(2)]
		if of.State != approval.Pending || !of.Asks(s.kept[who]) || g.IntN(3) == 0 {
			continue
		}
		if _, err := s.Workflows.Decide(t.Context(), s.Tenant.Tenant, s.As(s.people[who]), s.kept[who], of.ID, []string{approval.Approved, approval.Approved, approval.Rejected}[g.IntN(3)], "so"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.System().Update(t.Context(), "deal", deal, map[string]any{"amount": fmt.Sprint(g.IntN(90))}, 0); err != nil && !fault.Is(err, "approval.locked") {
		t.Fatal(err)
	}
	s.passed.Add(int64(time.Duration(g.IntN(20)) * time.Hour))
	return waiting
}

// Of a workflow that says so nothing is recorded.
func TestRunsAreNotRecorded(t *testing.T) {
	s := newStage(t, read[[]json.RawMessage](t, "testdata/world.json"), scenario{}, "core")
	for name, records := range map[string]bool{"kept": true, "gone": false} {
		s.install(t, map[string]any{"kind": "workflow", "name": name, "record": records, "object": "deal", "trigger": map[string]any{"type": "after_save", "on": []string{"create"}}, "when": "name != 'secret'", "start": "a",
			"steps": map[string]any{"a": map[string]any{"type": "set", "values": map[string]any{"note": "name + '!'"}}}})
	}
	if _, err := s.System().Create(t.Context(), "deal", map[string]any{"name": "D"}); err != nil {
		t.Fatal(err)
	}
	s.settle(t)
	for _, run := range s.runs(t) {
		if _, err := s.Workflows.Replay(t.Context(), s.Tenant.Tenant, run.ID); fault.Is(err, "workflow.not_recorded") != (run.Workflow == "gone") {
			t.Errorf("a run of %s is replayed: %v", run.Workflow, err)
		}
	}
}

// A replay says at which step it departs from the run, whatever of the recording is another.
func TestReplaysSayWhereTheyDepart(t *testing.T) {
	s := newStage(t, read[[]json.RawMessage](t, "testdata/world.json"), scenario{
		Documents: []json.RawMessage{json.RawMessage(`{"kind":"connection","name":"erp","label":"ERP","url":"$server"}`)},
		Server:    map[string][]said{"GET /x": {{Body: json.RawMessage(`{"n":7}`)}}}}, "core")
	s.install(t, map[string]any{"kind": "workflow", "name": "w", "object": "deal", "trigger": map[string]any{"type": "after_save", "on": []string{"create"}}, "when": "amount > 50", "start": "note", "steps": json.RawMessage(`{
		"note": {"type": "set", "values": {"note": "name + ' is large'"}, "next": "large"},
		"large": {"type": "branch", "if": "net > 50", "then": "find"},
		"find": {"type": "find", "object": "account", "filter": "region == record.size", "next": "ask"},
		"ask": {"type": "request", "connection": "erp", "path": "'x'", "answer": {"n": {"at": "/n", "type": "number"}}, "next": "make"},
		"make": {"type": "create", "object": "todo", "values": {"title": "steps.find.record.name + ' ' + text(steps.ask.n)"}, "next": "turn"},
		"turn": {"type": "assign", "among": "email in ['rob@example.com', 'rita@example.com']", "next": "count"},
		"count": {"type": "count", "object": "todo", "filter": "title != ''", "next": "far"},
		"far": {"type": "wait", "for": "days(1)", "next": "end"},
		"end": {"type": "stop"}}`)})
	if _, err := s.System().Create(t.Context(), "account", map[string]any{"name": "Acme", "region": "small"}); err != nil {
		t.Fatal(err)
	}
	made, err := s.As(s.people["rob"]).Create(t.Context(), "deal", map[string]any{"name": "D", "amount": "90", "size": "small"})
	if err != nil {
		t.Fatal(err)
	}
	s.settle(t)
	s.passed.Add(int64(25 * time.Hour))
	s.replays(t)
	run := s.runs(t)[0]
	if run.State != runner.Done || run.Record != made.Record.ID() {
		t.Fatalf("the run is %s: %v", run.State, run.Fault)
	}
	for _, of := range []struct{ was, is, departs string }{
		{`".amount":9000`, `".amount":100`, "0 "},
		{`".name":"D"`, `".name":"E"`, "1 note"},
		{`".net":9000`, `".net":100`, "2 large"},
		{`"record.size":"small"`, `"record.size":"large"`, "3 find"},
		{`"record.size"`, `"other"`, "3 find"},
		{`"steps.find.record.name":"Acme"`, `"steps.find.record.name":"Axme"`, "6 make"},
		{`{"n":7}`, `{"n":8}`, "5 ask"},
		{`"a":1}`, `"a":2}`, "8 count"},
		{`".net":9000`, `".net":9001`, ""},
	} {
		kept := s.recording(t, run.ID)
		if !strings.Contains(kept, of.was) {
			t.Fatalf("%s is not recorded in %s", of.was, kept)
		}
		s.record(t, run.ID, strings.Replace(kept, of.was, of.is, 1))
		again, err := s.Workflows.Replay(t.Context(), s.Tenant.Tenant, run.ID)
		if err != nil {
			t.Fatal(err)
		}
		departs := ""
		if again.Departs != nil {
			departs = fmt.Sprint(again.Departs.Number, " ", again.Departs.Step)
		}
		if departs != of.departs || again.Agrees != (departs == "") {
			t.Errorf("with %s in place of %s the replay departs at %q (%v), want %q", of.is, of.was, departs, again.Agrees, of.departs)
		}
		s.record(t, run.ID, kept)
	}
}

// recording is what is kept of how far a run came.
func (s *stage) recording(t *testing.T, run id.ID) string {
	t.Helper()
	row, found, err := store.First(t.Context(), s.Tenant.Tenant, query.Select{Table: "_run", Filter: query.Is(query.ID, int64(run))}, progress)
	if err != nil || !found {
		t.Fatal(err)
	}
	return string(row.JSON(progress))
}

var progress = query.Column{Name: "progress", Storage: fieldtype.JSON}

// record keeps something else.
func (s *stage) record(t *testing.T, run id.ID, progress string) {
	t.Helper()
	err := s.Tenant.Tenant.Write(t.Context(), func(tx store.Tx) error {
		return tx.Update(t.Context(), "_run", run, 0, map[string]any{"progress": json.RawMessage(progress)}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
}
