package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"formwork/cmd/formwork/bench"
	"formwork/engine/catalog"
	"formwork/engine/platform"
	"formwork/engine/store"
	"formwork/metadata/packages"
)

// measurements is the recipe of what is measured.
const measurements = "bench"

type benchCommand struct {
	Rows        int     `help:"Rows in the table." default:"100000"`
	Seconds     float64 `help:"Seconds that each operation is measured." default:"5"`
	Connections int     `help:"Connections that send requests." default:"16"`
	Tenants     int     `help:"Tenants to start a server with; 0 leaves that out." default:"1000"`
	Store       string  `help:"MongoDB to measure, instead of SQLite files in a folder of its own." placeholder:"mongodb://…"`
	Standalone  bool    `help:"Measure a MongoDB without transactions."`
	Beside      string  `help:"Program to measure beside, as docs/benchmarks.md says." placeholder:"PROGRAM" type:"path"`
	ServeTarget string  `help:"Only fill a server and keep it running, for load from outside; what that needs is written to the folder." placeholder:"DIR"`
	Listen      string  `help:"Address that --serve-target listens on." default:"127.0.0.1:0"`
}

// Run measures, or serves to be measured.
func (c *benchCommand) Run(p *program) error {
	if c.Rows < 1 || c.Seconds <= 0 || c.Connections < 1 || c.Tenants < 0 {
		return fmt.Errorf("--rows, --seconds and --connections must be positive")
	}
	raw, err := packages.Recipe(measurements)
	if err != nil {
		return err
	}
	recipe, err := bench.Parse(raw)
	if err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the program: %w", err)
	}
	line := newProgressLine(p.log)
	defer line.end()
	o := bench.Options{Recipe: recipe, Open: func(ctx context.Context, name string) (bench.House, error) {
		return p.openHouse(ctx, name, c.Standalone)
	},
		Standalone: c.Standalone, Executable: executable, Beside: c.Beside, Database: c.Store, Rows: c.Rows, Length: time.Duration(c.Seconds * float64(time.Second)),
		Connections: c.Connections, Tenants: c.Tenants, Starts: 5, Out: clearing{p.out, line}, Progress: line.show}
	if c.ServeTarget != "" {
		return bench.Serve(p.ctx, o, c.ServeTarget, c.Listen)
	}
	return bench.Run(p.ctx, o)
}

// house is the platform put together, to be measured.
type house struct{ *engine }

// openHouse opens a folder or a database.
func (p *program) openHouse(ctx context.Context, name string, standalone bool) (bench.House, error) {
	s := storage{Data: name}
	if u, err := url.Parse(name); err == nil && strings.HasPrefix(u.Scheme, "mongodb") {
		s = storage{Database: name, Standalone: standalone}
	}
	if err := s.make(); err != nil {
		return nil, err
	}
	opened, err := s.openRows(ctx)
	if err != nil {
		return nil, err
	}
	return house{assemble(opened, s.shared(), platform.Options{Log: p.newLog(slog.LevelWarn)})}, nil
}

func (h house) Store() store.Store { return h.engine.Store }

func (h house) Close() error { return h.engine.Store.Close() }

func (h house) Snapshot(ctx context.Context, t store.Tenant) (*catalog.Snapshot, error) {
	return h.Catalog.Snapshot(ctx, t)
}

func (h house) CreateTenant(ctx context.Context, name, email, password string) error {
	return h.createTenant(ctx, login{tenant: name, email: email, password: password})
}

// clearing takes the progress line away before something else is printed.
type clearing struct {
	io.Writer
	line *progressLine
}

func (c clearing) Write(b []byte) (int, error) {
	c.line.end()
	return c.Writer.Write(b)
}
