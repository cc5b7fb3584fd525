package api

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"formwork/engine/backup"
	"formwork/engine/fault"
	"formwork/engine/job"
	"formwork/engine/store"
)

// gathering is a collector of metrics that are read where they are kept, when somebody asks.
type gathering struct {
	about  []*prometheus.Desc
	gather func(to chan<- prometheus.Metric)
}

// Describe implements prometheus.Collector.
func (g gathering) Describe(to chan<- *prometheus.Desc) {
	for _, d := range g.about {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (g gathering) Collect(to chan<- prometheus.Metric) { g.gather(to) }

func metric(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("formwork_"+name, help, labels, nil)
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

// seconds is a time in Unix seconds, 0 for none.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// buildMetric shows which program runs.
func buildMetric(version string) prometheus.Collector {
	about := metric("build_info", "1; the program's version and what built it.", "version", "goversion")
	return gathering{[]*prometheus.Desc{about}, func(to chan<- prometheus.Metric) { to <- gauge(about, 1, version, runtime.Version()) }}
}

// jobMetrics shows the background work by kind, not by tenant.
func jobMetrics(figures func() []job.Figures, now func() time.Time) prometheus.Collector {
	open := metric("jobs_open", "Jobs under way, and due and not begun, in the tenants that were counted last.", "kind", "state")
	waits := metric("jobs_waiting_seconds", "How long the job has been due that waits for longest; 0 if none does.", "kind")
	runs := metric("job_runs_total", "Runs of jobs that ended in this process, by how.", "kind", "outcome")
	took := metric("job_run_seconds_total", "Time that those runs took.", "kind")
	return gathering{[]*prometheus.Desc{open, waits, runs, took}, func(to chan<- prometheus.Metric) {
		for _, f := range figures() {
			to <- gauge(open, float64(f.Running), f.Kind, job.Running)
			to <- gauge(open, float64(f.Waiting), f.Kind, job.Waiting)
			age := 0.0
			if !f.Oldest.IsZero() {
				age = max(0, now().Sub(f.Oldest).Seconds())
			}
			to <- gauge(waits, age, f.Kind)
			if f.Kind == job.OtherKinds { // which do not run here
				continue
			}
			for _, outcome := range job.Outcomes() {
				to <- counter(runs, float64(f.Runs[outcome]), f.Kind, outcome)
			}
			to <- counter(took, f.Took.Seconds(), f.Kind)
		}
	}}
}

// backupMetrics shows how the backups of this process stand.
func backupMetrics(figures func() backup.Figures) prometheus.Collector {
	copies := metric("backup_copies_total", "Copies of tenants that were made, and that failed and are tried again.", "outcome")
	missing := metric("backup_missing_tenants", "Tenants that have no copy.")
	oldest := metric("backup_oldest_timestamp_seconds", "When the newest copy was taken of the tenant whose newest copy is the oldest; 0 if there is none.")
	return gathering{[]*prometheus.Desc{copies, missing, oldest}, func(to chan<- prometheus.Metric) {
		f := figures()
		to <- counter(copies, float64(f.Made), "made")
		to <- counter(copies, float64(f.Failed), "failed")
		to <- gauge(missing, float64(f.Missing))
		to <- gauge(oldest, seconds(f.Oldest))
	}}
}

// gatherWithin is how long a store may take to answer for metrics.
const gatherWithin = 5 * time.Second

// certificateMetric shows when the certificate ends.
func certificateMetric(ends func(context.Context) (time.Time, error), log *slog.Logger) prometheus.Collector {
	about := metric("certificate_expiry_timestamp_seconds", "When the certificate ends that ends first of those that are shown; absent if there is none yet.")
	return gathering{[]*prometheus.Desc{about}, func(to chan<- prometheus.Metric) {
		ctx, cancel := context.WithTimeout(context.Background(), gatherWithin)
		defer cancel()
		until, err := ends(ctx)
		if err != nil {
			log.Warn("looking at the certificate", "error", err)
		} else if !until.IsZero() {
			to <- gauge(about, seconds(until))
		}
	}}
}

// sizeEvery is how often a store is asked for what it has to look through all tenants for.
const sizeEvery = time.Minute

// storeMetrics shows a store as a whole. What asks for all tenants is asked once a minute.
type storeMetrics struct {
	store store.Store
	now   func() time.Time
	log   *slog.Logger

	mu            sync.Mutex
	asked         time.Time
	tenants, size float64
	known         bool
	told          bool // the log was told that the store does not tell
}

var (
	storeFull    = metric("store_full", "1 while the store has no room for what is written.")
	storeTenants = metric("tenants", "Tenants in the store, as of the last minute.")
	storeSize    = metric("store_size_bytes", "What the rows of all tenants take, about, as of the last minute; absent where the store does not tell.")
)

// Describe implements prometheus.Collector.
func (m *storeMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- storeFull
	to <- storeTenants
	to <- storeSize
}

// Collect implements prometheus.Collector.
func (m *storeMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), gatherWithin)
	defer cancel()
	full := 0.0
	if fault.Is(m.store.Ping(ctx), "store.full") {
		full = 1
	}
	to <- gauge(storeFull, full)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.look(ctx)
	if m.known {
		to <- gauge(storeTenants, m.tenants)
	}
	if m.known && m.size >= 0 {
		to <- gauge(storeSize, m.size)
	}
}

// look asks the store if that is due.
func (m *storeMetrics) look(ctx context.Context) {
	if now := m.now(); m.asked.IsZero() || now.Sub(m.asked) >= sizeEvery {
		m.asked = now
	} else {
		return
	}
	names, err := m.store.Tenants(ctx)
	if m.known = err == nil; err != nil {
		m.log.Warn("listing tenants for the metrics", "error", err)
		return
	}
	m.tenants = float64(len(names))
	size, err := m.store.Size(ctx)
	m.size = float64(size)
	if err != nil {
		m.size = -1
		if !m.told { // it may lack the right to, for good
			m.log.Warn("the store does not tell its size", "error", err)
		}
		m.told = true
	}
}
