package api

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"formwork/engine/outbox"
)

// consumerMetrics shows how the consumers of events stand, each as one, not by tenant.
type consumerMetrics struct {
	figures func() []outbox.Figures
	now     func() time.Time
}

func consumerMetric(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("formwork_consumer_"+name, help, []string{"consumer"}, nil)
}

var (
	consumerHandled   = consumerMetric("events_total", "Events handled by this process.")
	consumerFailed    = consumerMetric("failures_total", "Batches that this process failed to handle, each of which is tried again.")
	consumerTenants   = consumerMetric("tenants_behind", "Tenants that have more events than a batch, or one that failed.")
	consumerEvents    = consumerMetric("events_behind", "Events not handled in those tenants, at most 10,000 of each counted.")
	consumerMaxEvents = consumerMetric("events_behind_max", "Events not handled in the tenant that has most.")
	consumerAge       = consumerMetric("behind_seconds", "Age of the oldest event not handled in those tenants.")
)

// Describe implements prometheus.Collector.
func (m consumerMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{consumerHandled, consumerFailed, consumerTenants, consumerEvents, consumerMaxEvents, consumerAge} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m consumerMetrics) Collect(to chan<- prometheus.Metric) {
	for _, f := range m.figures() {
		age := 0.0
		if !f.Oldest.IsZero() {
			age = max(0, m.now().Sub(f.Oldest).Seconds())
		}
		count := func(d *prometheus.Desc, n int64) {
			to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), f.Consumer)
		}
		gauge := func(d *prometheus.Desc, v float64) {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, f.Consumer)
		}
		count(consumerHandled, f.Handled)
		count(consumerFailed, f.Failed)
		gauge(consumerTenants, float64(f.Tenants))
		gauge(consumerEvents, float64(f.Events))
		gauge(consumerMaxEvents, float64(f.MaxEvents))
		gauge(consumerAge, age)
	}
}
