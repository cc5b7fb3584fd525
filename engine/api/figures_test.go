package api

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"

	"formwork/engine/backup"
	"formwork/engine/fault"
	"formwork/engine/job"
	"formwork/engine/outbox"
	"formwork/engine/store"
)

// gauged is a store of which metrics ask.
type gauged struct {
	store.Store
	ping, size error
	asked      int
}

func (g *gauged) Ping(context.Context) error          { return g.ping }
func (g *gauged) Size(context.Context) (int64, error) { return 4096, g.size }
func (g *gauged) Tenants(context.Context) ([]string, error) {
	g.asked++
	return []string{"a", "b"}, nil
}

// text is all that a server shows.
func (m *metrics) text(t *testing.T) string {
	t.Helper()
	families, err := m.registry.Gather()
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
	return out.String()
}

// Everything that is kept figures of is shown, under names as Prometheus has them, and
// never by tenant.
func TestFigures(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	s := &gauged{}
	m := newMetrics()
	m.show(Options{Store: s, Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&log, nil)), Version: "1.2.3",
		Consumers: func() []outbox.Figures { return []outbox.Figures{{Consumer: "mail"}} },
		Jobs: func() []job.Figures {
			return []job.Figures{{Kind: "index", Runs: map[string]int64{job.Done: 3}, Took: 90 * time.Second, Running: 1, Waiting: 2, Oldest: now.Add(-time.Minute)}, {Kind: job.OtherKinds}}
		},
		Backups: func() backup.Figures {
			return backup.Figures{Made: 5, Failed: 1, Missing: 2, Oldest: now.Add(-time.Hour)}
		},
		CertificateEnds: func(context.Context) (time.Time, error) { return now.Add(time.Hour), nil },
	})
	m.sawLogin(nil)
	m.sawLogin(fault.New(fault.Unauthenticated, "auth.failed"))
	m.sawLogin(fault.New(fault.Limited, "auth.limited"))
	m.sawLogin(fault.New(fault.Invalid, "json.syntax"))
	text := m.text(t)
	for _, line := range []string{
		`formwork_build_info{goversion="go`, `version="1.2.3"} 1`,
		`formwork_jobs_open{kind="index",state="running"} 1`, `formwork_jobs_open{kind="index",state="waiting"} 2`, `formwork_jobs_waiting_seconds{kind="index"} 60`,
		`formwork_jobs_waiting_seconds{kind="other"} 0`, `formwork_job_runs_total{kind="index",outcome="done"} 3`, `formwork_job_runs_total{kind="index",outcome="failed"} 0`,
		`formwork_job_run_seconds_total{kind="index"} 90`,
		`formwork_backup_copies_total{outcome="made"} 5`, `formwork_backup_copies_total{outcome="failed"} 1`, `formwork_backup_missing_tenants 2`,
		"formwork_backup_oldest_timestamp_seconds 1.7723628e+09", "formwork_certificate_expiry_timestamp_seconds 1.77237e+09",
		"formwork_store_full 0", "formwork_tenants 2", "formwork_store_size_bytes 4096",
		`formwork_logins_total{outcome="ok"} 1`, `formwork_logins_total{outcome="failed"} 1`, `formwork_logins_total{outcome="held"} 1`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	if strings.Contains(text, "tenant=") {
		t.Error("there are metrics by tenant")
	}

	// A store is not asked for all tenants at each look, and what it does not tell is left out.
	m.text(t)
	if s.asked != 1 {
		t.Errorf("the store was asked %d times for its tenants", s.asked)
	}
	s.ping, s.size, now = fault.New(fault.Full, "store.full"), errors.New("not allowed"), now.Add(sizeEvery)
	text = m.text(t)
	m.text(t)
	now = now.Add(sizeEvery)
	if m.text(t); strings.Contains(text, "formwork_store_size_bytes") || !strings.Contains(text, "formwork_store_full 1") || s.asked != 3 {
		t.Errorf("a store that is full and doesn't tell its size (asked %d times):\n%s", s.asked, text)
	}
	if n := strings.Count(log.String(), "not allowed"); n != 1 {
		t.Errorf("the log tells %d times that the store doesn't tell", n)
	}
}
