package api

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"formwork/engine/outbox"
)

// Each consumer is a handful of lines, however many tenants there are.
func TestConsumerMetrics(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	registry := prometheus.NewRegistry()
	registry.MustRegister(consumerMetrics{now: func() time.Time { return now }, figures: func() []outbox.Figures {
		return []outbox.Figures{
			{Consumer: "mail", Handled: 7, Failed: 2, Tenants: 3, Events: 40, MaxEvents: 30, Oldest: now.Add(-90 * time.Second)},
			{Consumer: "search"},
		}
	}})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	encoder := expfmt.NewEncoder(&out, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{
		`formwork_consumer_events_total{consumer="mail"} 7`, `formwork_consumer_failures_total{consumer="mail"} 2`,
		`formwork_consumer_tenants_behind{consumer="mail"} 3`, `formwork_consumer_events_behind{consumer="mail"} 40`,
		`formwork_consumer_events_behind_max{consumer="mail"} 30`, `formwork_consumer_behind_seconds{consumer="mail"} 90`,
		`formwork_consumer_behind_seconds{consumer="search"} 0`,
	} {
		if !strings.Contains(out.String(), line+"\n") {
			t.Errorf("no line %s in\n%s", line, out.String())
		}
	}
}
