package api

import (
	"github.com/prometheus/client_golang/prometheus"

	"formwork/workflows/runner"
)

// workflowMetrics shows what the workflows of this process do, neither by tenant nor by workflow.
func workflowMetrics(figures func() runner.Figures) prometheus.Collector {
	begun := metric("workflow_runs_begun_total", "Runs of workflows that began in this process.")
	waited := metric("workflow_runs_waited_total", "Times that a run began to wait.")
	ended := metric("workflow_runs_total", "Runs that ended in this process, by how.", "state")
	calling := metric("workflow_requests", "Requests of workflows to outside systems that are under way.")
	calls := metric("workflow_requests_total", "Tries of these, by what became of the request; pending: it is tried again.", "state")
	late := metric("workflow_start_seconds", "Time from a change to the beginning of a run that it set off.")
	return gathering{[]*prometheus.Desc{begun, waited, ended, calling, calls, late}, func(to chan<- prometheus.Metric) {
		f := figures()
		to <- counter(begun, float64(f.Begun))
		to <- counter(waited, float64(f.Waited))
		for state, n := range f.Ended {
			to <- counter(ended, float64(n), state)
		}
		to <- gauge(calling, float64(f.Calling))
		for state, n := range f.Calls {
			to <- counter(calls, float64(n), state)
		}
		within := map[float64]uint64{}
		for i, bound := range runner.LateBounds() {
			within[bound] = uint64(f.Late[i])
		}
		to <- prometheus.MustNewConstHistogram(late, uint64(f.LateCount), f.LateSeconds, within)
	}}
}
