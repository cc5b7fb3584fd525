package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	ui "formwork/admin-ui"
	"formwork/engine/api"
	"formwork/engine/budget"
	"formwork/engine/file"
	"formwork/engine/platform"
	"formwork/workflows/outside"
)

// stopWithin is how long requests under way may take when the server stops.
const stopWithin = 20 * time.Second

// leastRequestMemory is the least that requests may hold together, in bytes: below it some
// that are allowed could not be answered.
const leastRequestMemory = 64 << 20

type serveCommand struct {
	storage
	secure
	backups
	Listen         string   `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Access         bool     `help:"Log every request."`
	Proxies        []string `help:"Addresses or networks of proxies whose X-Forwarded headers are believed." placeholder:"CIDR"`
	Reach          string   `help:"Private addresses or networks that workflows may send requests to; they reach the public network alone." env:"FORMWORK_REACH" placeholder:"CIDR,…"`
	PublicURL      string   `name:"public-url" help:"Where people reach the server, for links in mail; there are none without it." env:"FORMWORK_PUBLIC_URL" placeholder:"https://HOST"`
	Demo           int      `help:"Put about N demonstration records, and some of the packages service and pool, into the first tenant when it is made." placeholder:"N"`
	Pprof          string   `help:"Serve profiles of the process on an address of this machine." placeholder:"127.0.0.1:6060"`
	FileSize       int64    `help:"Largest file that may be uploaded, in bytes (5 GiB)." placeholder:"BYTES"`
	FileQuota      int64    `help:"What all files of a tenant may have together, in bytes (100 GiB)." placeholder:"BYTES"`
	RunsPerMinute  int      `help:"Runs of workflows that begin in a tenant within a minute, about, of those that changes and the clock set off; others wait." default:"6000" placeholder:"N"`
	Connections    int      `help:"Connections that may be open at once (by the descriptors of the process, at most 10,000)." placeholder:"N"`
	PerAddress     int      `help:"Connections of one address that is no proxy (a quarter of all, at most 1,024)." placeholder:"N"`
	RequestMemory  int64    `help:"What all requests may hold in memory together, in bytes (512 MiB)." placeholder:"BYTES"`
	TenantFromHost bool     `help:"Take the tenant of a login from the first label of the host name."`
}

// Run serves until the program is told to stop.
func (c *serveCommand) Run(p *program) (failed error) {
	if err := c.check(); err != nil {
		return err
	}
	log := p.newLog(slog.LevelInfo)
	limit, err := limitMemory(p.getenv)
	if err != nil {
		log.Warn("the memory of the process is not limited", "error", err)
	}
	defer giveRoom(p.getenv, limit)()
	if c.Pprof != "" {
		closeProfile, err := profile(c.Pprof)
		if err != nil {
			return err
		}
		defer closeProfile()
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", c.Listen, err)
	}
	defer listener.Close()
	if err := c.make(); err != nil {
		return err
	}
	networks, err := outside.ParseNetworks(c.Reach)
	if err != nil {
		return fmt.Errorf("--reach: %w", err)
	}
	address, err := publicAddress(c.PublicURL)
	if err != nil {
		return err
	}
	memory := budget.New(budget.Of(cmp.Or(c.RequestMemory, api.DefaultMemory), c.Database != ""))
	e, err := c.openWith(p, platform.Options{Memory: memory, Address: address, Files: file.Limits{File: c.FileSize, Quota: c.FileQuota}, Networks: networks, RunsPerMinute: c.RunsPerMinute, Log: log})
	if err != nil {
		return err
	}
	defer e.Store.Close()
	for _, folder := range c.folders() {
		unlock, err := lockFolder(folder)
		if err != nil {
			return err
		}
		defer unlock()
	}
	names, err := e.Store.Tenants(p.ctx)
	if err != nil {
		return err
	}
	secured, err := c.secure.config(c.folder(), e.Now, e.Log)
	if err != nil {
		return err
	}
	scheme := "http"
	if secured != nil {
		scheme = "https"
	}
	fmt.Fprintf(p.out, "Formwork %s: %s://%s\n", version, scheme, listener.Addr())
	log.Info("started", "version", version, "listen", scheme+"://"+listener.Addr().String(), "store", c.kind(), "blobs", c.blobsKind(), "tenants", len(names))
	defer func() {
		if failed == nil {
			log.Info("stopped")
		}
	}()
	if len(names) == 0 || slices.Contains(names, firstTenant) && !e.ready(p.ctx, firstTenant) {
		l := p.firstLogin(firstTenant)
		var packages []string
		if c.Demo > 0 {
			packages = alsoShown()
		}
		if err := e.createTenant(p.ctx, l, packages...); err != nil {
			return fmt.Errorf("making the first tenant: %w", err)
		}
		if c.Demo > 0 {
			if err := e.demonstrate(p, firstTenant, c.Demo); err != nil {
				return err
			}
		}
		l.print(p)
	}
	return c.serve(p, e, memory, listener, secured)
}

// print shows the first login; a given password is known and not repeated.
func (l login) print(p *program) {
	if l.made {
		fmt.Fprintf(p.out, "First login: %s, password %s (shown this once)\n", l.email, l.password)
		return
	}
	fmt.Fprintf(p.out, "First login: %s, with the password that was given\n", l.email)
}

// serve answers requests and runs background work until the program is told to
// stop; then it lets both come to an end. secured is nil without TLS.
func (c *serveCommand) serve(p *program, e *engine, memory *budget.Budget, listener net.Listener, secured *tls.Config) error {
	keeper, schedule, err := c.schedule(p, e)
	if err != nil {
		return err
	}
	options := api.Options{Store: e.Store, Catalog: e.Catalog, Records: e.Records, Auth: e.Auth, Imports: e.Imports, Files: e.Files, Workspace: e.Workspace, Drafts: e.Drafts, Workflows: e.Workflows, Secrets: e.Secrets, Mail: e.Mail, Fetches: e.Fetches, Forms: e.Forms, Unsubscribing: e.Unsubscribing, Printer: e.Printer, Collaboration: e.Collaboration, Live: e.Live, Wake: e.Jobs.Wake, Consumers: e.Outbox.Figures, Jobs: e.Jobs.Figures,
		Now: e.Now, Log: e.Log, Access: c.Access, Tenant: firstTenant, TenantFromHost: c.TenantFromHost, Proxies: c.Proxies, Version: version, Pages: ui.Files(),
		Connections: api.Connections{All: c.Connections, PerAddress: c.PerAddress}, Memory: memory, TLS: secured}
	work, stopWork := context.WithCancel(context.Background())
	var background sync.WaitGroup
	background.Go(func() { e.Run(work) })
	if keeper != nil {
		rounds := keeper.Rounds(schedule, e.Log)
		options.Backups = rounds.Figures
		background.Go(func() { rounds.Run(work) })
	}
	if secured != nil {
		options.CertificateEnds = func(ctx context.Context) (time.Time, error) {
			shown, err := c.validity(ctx, c.folder())
			return shown.Until, err
		}
	}
	server := api.New(options)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	select {
	case err = <-served:
	case <-p.ctx.Done():
		e.Log.Info("stopping")
		ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
		err = server.Shutdown(ctx)
		cancel()
	}
	stopWork()
	background.Wait()
	return err
}

// publicAddress is an address under which people reach the server, without a slash at its end; "": none is given.
func publicAddress(given string) (string, error) {
	if given == "" {
		return "", nil
	}
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("--public-url (FORMWORK_PUBLIC_URL) %q is no address of a server, such as https://crm.example.com", given)
	}
	return u.Scheme + "://" + u.Host, nil
}

// check refuses flags that can't be meant, before anything is made.
func (c *serveCommand) check() error {
	for _, one := range []struct {
		flag  string
		value int64
		least int64 // if it is given
	}{
		{"demo", int64(c.Demo), 1}, {"file-size", c.FileSize, 1}, {"file-quota", c.FileQuota, 1}, {"runs-per-minute", int64(c.RunsPerMinute), 1},
		{"connections", int64(c.Connections), 16}, {"per-address", int64(c.PerAddress), 1}, {"request-memory", c.RequestMemory, leastRequestMemory},
	} {
		if one.value != 0 && one.value < one.least {
			return fmt.Errorf("--%s must be at least %d", one.flag, one.least)
		}
	}
	if err := checkProxies(c.Proxies); err != nil {
		return err
	}
	_, err := c.backups.times()
	return err
}
