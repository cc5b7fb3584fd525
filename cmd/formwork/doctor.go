package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"formwork/engine/fault"
)

type doctorCommand struct {
	storage
	backups
	secure
	Tenant string `help:"Look at one tenant only."`
}

// Run looks for what is wrong: a store that does not answer, has no room or another time, a
// certificate near its end, and in each tenant what examinations look for and a backup that
// is too old. It also says which lists miss an index. It changes nothing but the form of data that
// an older version wrote.
func (c *doctorCommand) Run(p *program) error {
	e, err := c.openEngine(p)
	if err != nil {
		return err
	}
	return errors.Join(c.examine(p, e), e.Store.Close())
}

func (c *doctorCommand) examine(p *program, e *engine) error {
	around, err := c.around(p.ctx, e)
	if err != nil {
		return err
	}
	for _, finding := range around {
		fmt.Fprintln(p.out, finding)
	}
	wrong := len(around)
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

// around says what is wrong around the tenants: with the store, the clock, the certificate.
func (c *doctorCommand) around(ctx context.Context, e *engine) (findings []string, err error) {
	if err := e.Store.Ping(ctx); fault.Is(err, "store.full") {
		findings = append(findings, "the store: "+reason(err))
	} else if err != nil {
		return nil, fmt.Errorf("the store does not answer: %w", err)
	}
	off, err := clockOff(ctx, e.Store, e.Now)
	if err != nil {
		return nil, err
	}
	findings = append(findings, off...)
	shown, err := c.validity(ctx, c.folder())
	switch left := shown.Until.Sub(e.Now()); {
	case err != nil:
		findings = append(findings, "the certificate: "+reason(err))
	case shown.Until.IsZero(): // there is none, or none yet
	case left < 0:
		findings = append(findings, "the certificate: it ended at "+shown.Until.UTC().Format(time.RFC3339))
	case shown.NearEnd(e.Now()):
		findings = append(findings, fmt.Sprintf("the certificate: it ends in %s, at %s", left.Round(time.Hour), shown.Until.UTC().Format(time.RFC3339)))
	}
	return findings, nil
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
