package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"formwork/engine/fault"
	"formwork/engine/job"
	"formwork/engine/store"
)

type doctorCommand struct {
	storage
	backups
	Tenant string `help:"Look at one tenant only."`
}

// Run looks for what is wrong: a store that does not answer or has no room, a file that is
// damaged, a configuration that
// does not compile, indexes that are missing, background work that failed, consumers of
// events that are late or unknown, nobody who could log in. It also says which lists
// miss an index. It changes nothing but the form of data that an older version wrote.
func (c *doctorCommand) Run(p *program) error {
	e, err := c.openEngine(p)
	if err != nil {
		return err
	}
	return errors.Join(c.examine(p, e), e.Store.Close())
}

func (c *doctorCommand) examine(p *program, e *engine) error {
	wrong := 0
	if err := e.Store.Ping(p.ctx); fault.Is(err, "store.full") {
		fmt.Fprintf(p.out, "the store: %s\n", reason(err))
		wrong++
	} else if err != nil {
		return fmt.Errorf("the store does not answer: %w", err)
	}
	names, err := e.Store.Tenants(p.ctx)
	if err != nil {
		return err
	}
	if c.Tenant != "" {
		names = []string{c.Tenant}
	}
	keeper, _, err := c.schedule(p, e)
	if err != nil {
		return err
	}
	for _, name := range names {
		findings, err := e.findings(p.ctx, name)
		if err != nil {
			findings = append(findings, reason(err))
		}
		if keeper != nil {
			late, err := c.late(p, keeper, name)
			if err != nil {
				late = reason(err)
			}
			if late != "" {
				findings = append(findings, late)
			}
		}
		for _, finding := range findings {
			fmt.Fprintf(p.out, "%s: %s\n", name, finding)
		}
		wrong += len(findings)
		if err != nil {
			continue // advice needs a tenant that works
		}
		advice, err := e.advice(p.ctx, name)
		if err != nil {
			return err
		}
		for _, one := range advice {
			fmt.Fprintf(p.out, "%s: advice: %s\n", name, one)
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%s in %s", plural(wrong, "finding"), plural(len(names), "tenant"))
	}
	fmt.Fprintf(p.out, "%s, nothing wrong.\n", plural(len(names), "tenant"))
	return nil
}

// reason is an error as a finding: of a fault its text alone.
func reason(err error) string {
	var f *fault.Fault
	if errors.As(err, &f) && f.Kind != fault.Internal {
		text := f.Text(fault.Languages[0])
		if f.Kind.Breaks() && f.Unwrap() != nil { // the operator can do something about the cause
			text += " " + f.Unwrap().Error()
		}
		return text
	}
	return err.Error()
}

// lateEvents is the age from which on it is wrong that a consumer has not taken an event.
const lateEvents = time.Hour

// findings says what is wrong with a tenant.
func (e *engine) findings(ctx context.Context, name string) (findings []string, err error) {
	t, err := e.Store.Tenant(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := t.Check(ctx); err != nil {
		return nil, err
	}
	snapshot, err := e.Catalog.Snapshot(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("the configuration can't be used: %w", err)
	}
	for _, object := range snapshot.Objects {
		built, err := t.Indexes(ctx, object.Table.Name)
		if err != nil {
			return findings, fmt.Errorf("looking at the indexes of %s: %w", object.Doc.Name, err)
		}
		for _, planned := range snapshot.Indexes[object.Doc.Name] {
			if !slices.ContainsFunc(built, func(b store.Index) bool { return b.Name == planned.Name }) {
				findings = append(findings, fmt.Sprintf("the index %s of %s is not built", planned.Name, object.Doc.Name))
			}
		}
	}
	failed, err := job.List(ctx, t, job.Listing{State: job.Failed, Limit: 20})
	if err != nil {
		return findings, err
	}
	for _, j := range failed {
		findings = append(findings, fmt.Sprintf("background work %s (%s) failed: %s", j.ID, j.Kind, j.Fault().Text("en")))
	}
	consumers, err := e.Outbox.Status(ctx, t)
	if err != nil {
		return findings, err
	}
	for _, s := range consumers {
		late := s.Behind > 0 && e.Now().Sub(s.Oldest) > lateEvents
		if late || s.Attempts > 0 || !s.Registered {
			findings = append(findings, fmt.Sprintf("the consumer of events %s: %s", s.Consumer, standing(s, e.Now())))
		}
	}
	users, err := e.Auth.Users(ctx, t)
	if err != nil {
		return findings, err
	}
	if users == 0 {
		findings = append(findings, fmt.Sprintf("nobody has a password; add one: formwork user add --tenant %s --permissions %s E-MAIL", name, admin))
	}
	slices.Sort(findings)
	return findings, nil
}

// advice says which lists of a tenant miss an index. That is slow, not wrong.
func (e *engine) advice(ctx context.Context, name string) ([]string, error) {
	t, err := e.Store.Tenant(ctx, name)
	if err != nil {
		return nil, err
	}
	all, err := e.Catalog.Advise(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("looking for indexes that are missing: %w", err)
	}
	var told []string
	for _, a := range all {
		does := "sorts records of " + a.Object
		if a.Scans {
			does = "reads all records of " + a.Object
		}
		if a.Owned {
			does += ", asked by an owner"
		}
		remedy := "no index would fit"
		if len(a.Columns) > 0 {
			remedy = "an index on " + strings.Join(a.Columns, ", ") + " would fit"
		}
		told = append(told, fmt.Sprintf("%s %s; %s", a.Source, does, remedy))
	}
	slices.Sort(told)
	return told, nil
}
