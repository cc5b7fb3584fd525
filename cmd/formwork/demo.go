package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"formwork/engine/demo"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata/packages"
)

// demonstration is the recipe of demonstration data.
const demonstration = "sales"

// alsoShown are the optional packages that the tenant which is made for a demonstration has as well, with what their recipes of
// the same names make.
func alsoShown() []string { return []string{"service", "pool"} }

type demoCommand struct {
	where
	Size int    `help:"About how many records to make." default:"2000"`
	Seed uint64 `help:"The same seed makes the same records on the same day." default:"1"`
	More bool   `help:"Add to the records that are there."`
}

// Run makes demonstration data, in a store or through a server.
func (c *demoCommand) Run(p *program) error {
	if c.Size < 1 {
		return fmt.Errorf("--size must be at least 1")
	}
	if c.URL != "" {
		client, err := c.connect(p)
		if err != nil {
			return err
		}
		return c.load(p, demo.Remote{Call: client.call})
	}
	return c.with(p, c.tenant(), func(e *engine, s *tenantSession) error {
		target, err := e.demoTarget(p.ctx, s.tenant)
		if err != nil {
			return err
		}
		return c.load(p, target)
	})
}

func (c *demoCommand) load(p *program, target demo.Target) error {
	return p.loadDemo(target, demo.Loader{Size: c.Size, Seed: c.Seed, More: c.More}, demonstration)
}

// demoTarget saves in a tenant of an open store.
func (e *engine) demoTarget(ctx context.Context, t store.Tenant) (demo.Target, error) {
	snapshot, err := e.Catalog.Snapshot(ctx, t)
	if err != nil {
		return nil, err
	}
	return demo.Local{
		Session: func() *record.Session { return e.Records.As(t, snapshot, policy.System(t.Name())) },
		Password: func(ctx context.Context, user id.ID, password string) error {
			return e.Auth.SetPassword(ctx, t, user, password)
		},
	}, nil
}

// loadDemo makes demonstration data and says who can log in. Their password is
// FORMWORK_DEMO_PASSWORD, or made up.
func (p *program) loadDemo(target demo.Target, l demo.Loader, recipes ...string) (err error) {
	raws := make([][]byte, len(recipes))
	for i, name := range recipes {
		if raws[i], err = packages.Recipe(name); err != nil {
			return err
		}
	}
	if l.Recipe, err = demo.Parse(raws...); err != nil {
		return err
	}
	given := p.getenv("FORMWORK_DEMO_PASSWORD")
	l.Target, l.Now, l.Password = target, time.Now(), given
	if given == "" {
		l.Password = newPassword()
	}
	line, began := newProgressLine(p.log), time.Now()
	l.Progress = func(done, total int) {
		line.show(fmt.Sprintf("demonstration records: %d/%d, %.0f a second", done, total, float64(done)/time.Since(began).Seconds()))
	}
	loaded, err := l.Load(p.ctx)
	line.end()
	if len(loaded.People) > 0 {
		p.showPeople(loaded.People, l.Password, given != "")
	}
	if errors.Is(err, demo.ErrNotEmpty) {
		return fmt.Errorf("%w; add to them with --more", err)
	}
	if err != nil {
		return fmt.Errorf("making demonstration data (%s saved): %w", plural(loaded.Records, "record was", "records were"), err)
	}
	fmt.Fprintln(p.out, plural(loaded.Records, "demonstration record is there.", "demonstration records are there."))
	return nil
}

func (p *program) showPeople(people []demo.Person, password string, given bool) {
	if given {
		fmt.Fprintln(p.out, "People of the demonstration, with the password that was given:")
	} else {
		fmt.Fprintf(p.out, "People of the demonstration, password %s (shown this once):\n", password)
	}
	for _, one := range people {
		fmt.Fprintf(p.out, "  %-20s %s\n", one.Email, one.Title)
	}
}

// demonstrate fills a tenant that was just made. One that fails half-way is removed
// again, so that the next start begins anew.
func (e *engine) demonstrate(p *program, tenant string, size int) error {
	t, err := e.Store.Tenant(p.ctx, tenant)
	if err != nil {
		return err
	}
	target, err := e.demoTarget(p.ctx, t)
	if err == nil {
		err = p.loadDemo(target, demo.Loader{Size: size, Seed: 1}, append([]string{demonstration}, alsoShown()...)...)
	}
	if err == nil {
		return nil
	}
	return errors.Join(err, e.Store.Delete(context.WithoutCancel(p.ctx), tenant))
}
