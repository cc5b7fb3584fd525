package api

import (
	"context"
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"formwork/engine/budget"
	"formwork/engine/fault"
)

// metrics of one server.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	logins   *prometheus.CounterVec
	unrouted *meter
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "formwork_http_requests_total",
			Help: "Requests answered, by route and class of status."}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "formwork_http_request_seconds",
			Help:    "Time from the request's headers to its answer, by route.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"method", "route"}),
	}
	m.logins = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "formwork_logins_total",
		Help: "Logins that succeeded, that were refused, and that were not looked at since there were too many."}, []string{"outcome"})
	for _, outcome := range []string{"ok", "failed", "held"} {
		m.logins.WithLabelValues(outcome)
	}
	m.registry.MustRegister(m.requests, m.seconds, m.logins, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.unrouted = m.of(route{method: "", path: "none"})
	return m
}

// watch shows the connections of a listener.
func (m *metrics) watch(b *bounding) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "formwork_http_connections", Help: "Connections that are open."},
			func() float64 { return float64(b.held()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "formwork_http_connections_refused_total", Help: "Connections beyond the bounds, which were closed at once."},
			func() float64 { return float64(b.refused.Load()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "formwork_http_connections_displaced_total", Help: "Connections that made room for others."},
			func() float64 { return float64(b.displaced.Load()) }))
}

// show shows what other rooms keep figures of.
func (m *metrics) show(o Options) {
	m.registry.MustRegister(buildMetric(o.Version), &storeMetrics{store: o.Store, now: o.Now, log: o.Log})
	if o.Consumers != nil {
		m.registry.MustRegister(consumerMetrics{o.Consumers, o.Now})
	}
	if o.Jobs != nil {
		m.registry.MustRegister(jobMetrics(o.Jobs, o.Now))
	}
	if o.Workflows != nil {
		m.registry.MustRegister(workflowMetrics(o.Workflows.Figures))
	}
	if o.Backups != nil {
		m.registry.MustRegister(backupMetrics(o.Backups))
	}
	if o.CertificateEnds != nil {
		m.registry.MustRegister(certificateMetric(o.CertificateEnds, o.Log))
	}
}

// watchMemory shows what requests hold.
func (m *metrics) watchMemory(b *budget.Budget) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "formwork_http_memory_bytes", Help: "Memory that large requests hold of the budget for them, about."},
		func() float64 { return float64(b.Held()) }))
}

// sawLogin counts a login by how it ended: none is counted that failed for another reason
// than its own, such as a body that is no JSON.
func (m *metrics) sawLogin(failure error) {
	switch f := fault.From(failure); {
	case failure == nil:
		m.logins.WithLabelValues("ok").Inc()
	case f.Code == "auth.failed":
		m.logins.WithLabelValues("failed").Inc()
	case f.Code == "auth.limited" || f.Code == "auth.busy":
		m.logins.WithLabelValues("held").Inc()
	}
}

// meter counts the requests of one route.
type meter struct {
	classes [6]prometheus.Counter // by hundreds of the status
	seconds prometheus.Observer
}

func (m *metrics) of(rt route) *meter {
	one := &meter{seconds: m.seconds.WithLabelValues(rt.method, rt.path)}
	for i, class := range []string{"", "1xx", "2xx", "3xx", "4xx", "5xx"} {
		if i > 1 {
			one.classes[i] = m.requests.WithLabelValues(rt.method, rt.path, class)
		}
	}
	return one
}

func (m *meter) saw(status int, took time.Duration) {
	if class := status / 100; class > 1 && class < len(m.classes) {
		m.classes[class].Inc()
	}
	m.seconds.Observe(took.Seconds())
}

// showMetrics answers in the Prometheus text format.
func (s *Server) showMetrics(r *request) error {
	families, err := s.metrics.registry.Gather()
	if err != nil {
		return err
	}
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	r.http.Set(fiber.HeaderContentType, string(format))
	encoder := expfmt.NewEncoder(r.http, format)
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return err
		}
	}
	return nil
}

// healthy answers as long as the process does.
func (s *Server) healthy(r *request) error {
	return r.sent(fiber.StatusOK, append(r.buffer(), `{"status":"ok"}`...))
}

// ready answers whether requests can be served.
func (s *Server) ready(r *request) error {
	ctx, cancel := context.WithTimeout(r.ctx, 5*time.Second)
	defer cancel()
	if err := s.o.Store.Ping(ctx); err != nil {
		s.o.Log.Warn("the store can't serve", "error", err)
		if fault.Is(err, "store.full") {
			return fault.New(fault.Unavailable, "store.full").Because(err)
		}
		return fault.New(fault.Unavailable, "api.not_ready").Because(err)
	}
	return r.sent(fiber.StatusOK, append(r.buffer(), `{"status":"ready"}`...))
}

// logFailure logs an internal error under the id that its caller gets to see.
func (s *Server) logFailure(r *request, err error) {
	s.o.Log.LogAttrs(context.Background(), slog.LevelError, "a request failed", append(r.attributes(), slog.String("error", err.Error()))...)
}

// logAccess logs a request: its path without the query string, which holds what
// people look for.
func (s *Server) logAccess(r *request, took time.Duration) {
	response := r.http.Response()
	attributes := append(r.attributes(), slog.Int("status", response.StatusCode()), slog.Duration("took", took))
	if !response.IsBodyStream() { // a stream has only begun
		attributes = append(attributes, slog.Int("bytes", len(response.Body())))
	}
	if r.failure != nil {
		attributes = append(attributes, slog.String("code", r.failure.Code))
	}
	s.o.Log.LogAttrs(context.Background(), slog.LevelInfo, "request", attributes...)
}

// attributes say which request it was, and whose.
func (r *request) attributes() []slog.Attr {
	all := []slog.Attr{slog.String("request", r.id), slog.String("method", r.http.Method()), slog.String("path", r.http.Path())}
	if r.caller != nil {
		all = append(all, slog.String("tenant", r.caller.Tenant), slog.String("user", r.caller.User.String()), slog.String("via", r.caller.Via))
	}
	return all
}
