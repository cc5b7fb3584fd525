package runner_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"formwork/engine/job"
	"formwork/workflows"
)

// One job waits for when the first run goes on, however many wait, however often, and in whatever order they
// began to.
func TestAlarmsDoNotMultiply(t *testing.T) {
	s := newStage(t, read[[]json.RawMessage](t, "testdata/world.json"), scenario{})
	s.Apply(`{"kind":"workflow","name":"w","object":"deal","trigger":{"type":"after_save","on":["create"]},"start":"a","steps":{
		"a":{"type":"wait","for":"hours(amount)","next":"b"},"b":{"type":"wait","for":"hours(amount)","next":"c"},"c":{"type":"wait","for":"hours(amount)"}}}`,
		`{"kind":"workflow","name":"hourly","object":"account","trigger":{"type":"schedule","cron":"0 * * * *"},"start":"a","steps":{"a":{"type":"stop"}}}`)
	for hours := 8; hours > 0; hours-- {
		s.do(t, "making", deed{Create: "deal", Data: map[string]any{"name": "D", "amount": fmt.Sprint(hours)}})
	}
	for range 10 {
		s.do(t, "passing", deed{Pass: "1h"})
	}
	waiting := map[string]int{}
	jobs, err := job.List(t.Context(), s.Tenant.Tenant, job.Listing{State: job.Waiting, Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		waiting[j.Kind]++
	}
	for _, kind := range []string{"resume_workflows", workflows.JobSchedule, "trim_runs"} {
		if waiting[kind] != 1 {
			t.Errorf("%d jobs %s wait, not 1", waiting[kind], kind)
		}
	}
}
