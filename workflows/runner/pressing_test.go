package runner_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"formwork/engine/policy"
	"formwork/workflows/runner"
)

// press sets off a workflow by hand, or tries it. failed is why its run did.
func (s *stage) press(t *testing.T, at string, d deed) (failed, err error) {
	t.Helper()
	run, err := s.pressed(t, d)
	if err != nil {
		return nil, err
	}
	if d.State != "" && run.State != d.State {
		t.Fatalf("%s: the run is %s, want %s (%v)", at, run.State, d.State, run.Fault)
	}
	language := "en"
	if d.As != "" {
		language = s.people[d.As].Language
	}
	if trace := s.trace(run, language); d.Trace != nil && !slices.Equal(trace, d.Trace) {
		t.Fatalf("%s: the run did\n%q, want\n%q", at, trace, d.Trace)
	}
	if run.Fault != nil {
		failed = run.Fault
	}
	return failed, nil
}

func (s *stage) pressed(t *testing.T, d deed) (*runner.Run, error) {
	caller := policy.System(s.Name())
	if d.As != "" {
		caller = s.people[d.As]
	}
	inputs := s.values(d.Data)
	if d.Try != "" {
		return s.Workflows.Try(t.Context(), s.Tenant.Tenant, caller, runner.Wanted{Workflow: d.Try, Record: s.kept[d.On], Inputs: inputs, Payload: any(inputs)})
	}
	session := s.Records.As(s.Tenant.Tenant, s.Snapshot(), caller)
	return s.Workflows.Press(t.Context(), s.Tenant.Tenant, session, caller, runner.Wanted{Workflow: d.Press, Object: s.objects[d.On], Record: s.kept[d.On], Inputs: inputs})
}

// race sets off workflows at the same moment.
func (s *stage) race(t *testing.T, at string, d deed) {
	t.Helper()
	var done atomic.Int64
	var all sync.WaitGroup
	begin := make(chan struct{})
	for _, one := range d.Race {
		all.Go(func() {
			<-begin
			if run, err := s.pressed(t, one); err == nil && run.State == runner.Done {
				done.Add(1)
			}
		})
	}
	close(begin)
	all.Wait()
	if got := int(done.Load()); got != d.Count {
		t.Fatalf("%s: %d of %d are done, want %d", at, got, len(d.Race), d.Count)
	}
}
