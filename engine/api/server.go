// Package api is HTTP: it finds out who calls, decodes what is asked, has the
// engine do it and writes the answer. It decides nothing about records or
// configuration. Every route stands in routes.go; every error becomes a response
// in problem.go.
package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
	"golang.org/x/sync/semaphore"

	"formwork/engine/auth"
	"formwork/engine/backup"
	"formwork/engine/budget"
	"formwork/engine/catalog"
	"formwork/engine/collaboration"
	"formwork/engine/connection"
	"formwork/engine/draft"
	"formwork/engine/file"
	"formwork/engine/form"
	"formwork/engine/job"
	"formwork/engine/live"
	"formwork/engine/mail"
	"formwork/engine/outbox"
	"formwork/engine/printing"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/transfer"
	"formwork/engine/workspace"
	"formwork/workflows/fetch"
	"formwork/workflows/runner"
)

// Prefix is before every route but those of health and metrics.
const Prefix = "/api/v1"

// Limits of a request.
const (
	maxHeaders = 16 << 10 // bytes of request line and headers together
	smallBody  = 1 << 20
	loginBody  = 16 << 10 // what somebody may send who is not known yet
	recordBody = 8 << 20  // a record, whose characters may be written as \u
	largeBody  = 16 << 20
	maxHeavy   = 8 // bodies over smallBody at once
	// drained is how much of a refused body is still read, and drainFor how long, so that its
	// sender gets to read the answer.
	drained  = 64 << 20
	drainFor = 2 * time.Second

	readWithin  = time.Minute     // from the first byte of a request to its last
	writeWithin = time.Minute     // for an answer
	idleFor     = 2 * time.Minute // between two requests of a connection
	usually     = 30 * time.Second
	slowly      = 10 * time.Minute // changes of configuration, exports
	patiently   = 2 * time.Hour    // contents of files
)

// methods are those that some address knows.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// DefaultMemory is what all requests may hold together, in bytes.
const DefaultMemory = 512 << 20

// Options are what a Server serves.
type Options struct {
	Store   store.Store
	Catalog *catalog.Catalog
	Records *record.Service
	Auth    *auth.Service
	Imports *transfer.Service
	Files   *file.Service
	// Workspace keeps what people keep for themselves.
	Workspace *workspace.Service
	// Drafts are changes of the configuration that are not published yet.
	Drafts *draft.Service
	// Workflows runs them.
	Workflows *runner.Runner
	Secrets   *connection.Secrets // of connections
	Mail      *mail.Inbox
	Fetches   *fetch.Fetcher
	Printer   *printing.Printer
	// Forms shows forms and takes what is sent by them.
	Forms *form.Forms
	// Unsubscribing takes who wants no more of some mail.
	Unsubscribing *mail.Unsubscribing
	// Collaboration keeps comments and notifications.
	Collaboration *collaboration.Service
	// Live tells who listens what happens to records. Shutdown stops it.
	Live *live.Hub
	// Heartbeat is how often a stream of events shows that it lives, and how long its reader may
	// take to read what was sent before; 20 seconds if 0.
	Heartbeat time.Duration
	// Wake is called with a tenant's name when there is background work to go on with.
	Wake func(tenant string)
	// Consumers are the figures of the consumers of events, for the metrics; nil: none.
	Consumers func() []outbox.Figures
	// Jobs are the figures of background work, Backups those of backups, and CertificateEnds
	// is when the certificate ends, the zero time if there is none yet; each for the
	// metrics, nil: none.
	Jobs            func() []job.Figures
	Backups         func() backup.Figures
	CertificateEnds func(context.Context) (time.Time, error)
	Now             func() time.Time
	Log             *slog.Logger
	// Access logs every request; those that fail inside are always logged.
	Access bool
	// Tenant is logged in to where a login names none; if there is no such tenant and
	// only one other, that.
	Tenant string
	// TenantFromHost takes the tenant of a login from the first label of the host name.
	TenantFromHost bool
	// Proxies are addresses or networks (CIDR) whose X-Forwarded-For and
	// X-Forwarded-Proto are believed.
	Proxies []string
	// Connections bounds what is open at once; by the process's descriptors if empty.
	Connections Connections
	// TLS is how the connections are secured; nil: they are plain, and a proxy before them has
	// TLS.
	TLS *tls.Config
	// Memory bounds what all requests hold together: what they sent, read and are answered
	// with. nil: that of DefaultMemory, over a store in this process.
	Memory  *budget.Budget
	Version string
	// Pages are the files of the web application; nil: there is none.
	Pages fs.FS
}

// Server answers HTTP requests. Its methods may be called concurrently.
type Server struct {
	o             Options
	app           *fiber.App
	stopping      atomic.Bool
	numbers       requestNumbers
	logins        *limiter
	webhooks      *limiter // by address and tenant: others at an address that many share go on
	links         *limiter // that people follow without a login, so also
	unsubscribing *limiter // so also
	forms         *limiter // so also
	posted        *rates   // what is posted to the workflows of tenants, of which it was proved
	sent          *rates   // of forms, by address and in all
	proxies       []netip.Prefix
	metrics       *metrics
	shown         *shownCache
	requests      sync.Pool
	heavy         *semaphore.Weighted // large bodies that are worked on at once
	budget        *budget.Budget
	exports       *exportCounts
	only          onlyTenant
	pages         *pages
}

// New makes a server; nothing is opened or compiled until a request needs it.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Wake == nil {
		o.Wake = func(string) {}
	}
	if o.Memory == nil {
		o.Memory = budget.New(budget.Of(DefaultMemory, false))
	}
	if o.Heartbeat <= 0 {
		o.Heartbeat = 20 * time.Second
	}
	s := &Server{o: o, logins: newLimiter("logins", "auth.limited", "auth.busy", o.Now, o.Log), webhooks: newLimiter("webhooks", "webhook.held", "webhook.busy", o.Now, o.Log), links: newLimiter("links", "decision.held", "decision.busy", o.Now, o.Log), unsubscribing: newLimiter("unsubscribing", "unsubscribe.held", "unsubscribe.busy", o.Now, o.Log), forms: newLimiter("forms", "form.held", "form.busy", o.Now, o.Log), posted: newRates(o.Now), sent: newRates(o.Now), proxies: networks(o.Proxies), metrics: newMetrics(), shown: newShownCache(), numbers: newRequestNumbers(o.Now()),
		heavy: semaphore.NewWeighted(maxHeavy), budget: o.Memory, exports: newExportCounts()}
	var err error
	if s.pages, err = readPages(o.Pages); err != nil {
		o.Log.Error("the web application is not shown", "error", err)
	}
	s.metrics.watchMemory(s.budget)
	s.metrics.show(o)
	s.requests.New = func() any { return &request{server: s} }
	s.app = fiber.New(fiber.Config{
		AppName:                      "formwork",
		DisableStartupMessage:        true,
		CaseSensitive:                true,
		StrictRouting:                true,
		StreamRequestBody:            true,
		DisablePreParseMultipartForm: true,
		BodyLimit:                    largeBody,
		ReadBufferSize:               maxHeaders,
		ReadTimeout:                  readWithin,
		WriteTimeout:                 writeWithin,
		IdleTimeout:                  idleFor,
		EnableTrustedProxyCheck:      true,
		TrustedProxies:               o.Proxies,
		RequestMethods:               methods,
		ErrorHandler:                 s.unrouted,
	})
	for _, rt := range s.routes() {
		handler := s.serve(rt)
		s.app.Add(rt.method, rt.path, handler)
		if rt.method == fiber.MethodGet {
			s.app.Add(fiber.MethodHead, rt.path, handler)
		}
	}
	server := s.app.Server()
	server.Handler = s.strict(server.Handler)
	server.HeaderReceived = received
	server.ConnState = s.connState
	return s
}

// connState follows a connection from request to request.
func (s *Server) connState(c net.Conn, state fasthttp.ConnState) {
	if conn := patientOf(c); conn != nil {
		if state == fasthttp.StateIdle || state == fasthttp.StateClosed { // the answer is sent
			conn.share.Leave()
			conn.share = nil
			conn.place.rest()
		}
	}
}

// Serve answers requests on a listener until Shutdown; then it returns nil. It may be called
// once.
func (s *Server) Serve(l net.Listener) error {
	bounded := newBounding(l, s.o.Connections.bounded(descriptors()), s.proxies, s.o.Log)
	bounded.secure = s.o.TLS
	s.metrics.watch(bounded)
	if err := s.app.Listener(bounded); err != nil && !s.stopping.Load() {
		return fmt.Errorf("serving HTTP on %s: %w", l.Addr(), err)
	}
	return nil
}

// Shutdown stops taking requests and waits for those under way, until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopping.Store(true)
	if s.o.Live != nil {
		s.o.Live.Stop() // streams don't end by themselves
	}
	if err := s.app.ShutdownWithContext(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stopping the HTTP server: %w", err)
	}
	return ctx.Err()
}
