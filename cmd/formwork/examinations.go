package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/store"
)

// patient is a tenant that doctor looks at.
type patient struct {
	store.Tenant
	snapshot *catalog.Snapshot
}

// examinations are all that is looked for in a tenant whose file is whole and whose
// configuration compiles. Each tells what it finds, a line a finding.
var examinations = []func(*engine, context.Context, patient) ([]string, error){
	(*engine).missingIndexes, (*engine).failedJobs, (*engine).stuckJobs, (*engine).lateConsumers,
	(*engine).futureRecords, (*engine).missingTeams, (*engine).nobody,
}

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
	for _, examine := range examinations {
		found, err := examine(e, ctx, patient{t, snapshot})
		findings = append(findings, found...)
		if err != nil {
			return findings, err
		}
	}
	slices.Sort(findings)
	return findings, nil
}

// missingIndexes tells of indexes that are planned or on demand, and not built.
func (e *engine) missingIndexes(ctx context.Context, t patient) (findings []string, err error) {
	indexes, _, err := e.Catalog.Indexes(ctx, t.Tenant)
	if err != nil {
		return nil, err
	}
	for _, i := range indexes {
		if !i.Built {
			findings = append(findings, fmt.Sprintf("the index %s of %s is not built", i.Name, i.Object))
		}
	}
	return findings, nil
}

func (e *engine) failedJobs(ctx context.Context, t patient) (findings []string, err error) {
	failed, err := job.List(ctx, t, job.Listing{State: job.Failed, Limit: 20})
	for _, j := range failed {
		findings = append(findings, fmt.Sprintf("background work %s (%s) failed: %s", j.ID, j.Kind, j.Fault().Text(fault.Languages[0])))
	}
	return findings, err
}

// stuckAfter is the time after which it is wrong that a job has not begun, or not come on.
const stuckAfter = time.Hour

func (e *engine) stuckJobs(ctx context.Context, t patient) (findings []string, err error) {
	stuck, err := job.FindStuck(ctx, t, e.Now().Add(-stuckAfter))
	for _, j := range stuck {
		does := "is due and has not begun"
		if j.State == job.Running {
			does = "has not come on"
		}
		findings = append(findings, fmt.Sprintf("background work %s (%s) %s for %s", j.ID, j.Kind, does, e.Now().Sub(j.Since).Round(time.Minute)))
	}
	return findings, err
}

// lateEvents is the age from which on it is wrong that a consumer has not taken an event.
const lateEvents = time.Hour

// lateConsumers tells of consumers of events that are late, fail or are unknown.
func (e *engine) lateConsumers(ctx context.Context, t patient) (findings []string, err error) {
	consumers, err := e.Outbox.Status(ctx, t)
	for _, s := range consumers {
		late := s.Behind > 0 && e.Now().Sub(s.Oldest) > lateEvents
		if late || s.Attempts > 0 || !s.Registered {
			findings = append(findings, fmt.Sprintf("the consumer of events %s: %s", s.Consumer, standing(s, e.Now())))
		}
	}
	return findings, err
}

// clockTolerance is what two clocks may differ by.
const clockTolerance = 10 * time.Second

// clockOff tells how the store's own clock, if it has one, differs from this machine's.
func clockOff(ctx context.Context, s store.Store, now func() time.Time) ([]string, error) {
	before := now()
	its, err := s.Clock(ctx)
	after := now()
	switch {
	case err != nil:
		return nil, fmt.Errorf("asking the store for its time: %w", err)
	case its.IsZero():
	case its.Before(before.Add(-clockTolerance)):
		return []string{fmt.Sprintf("the clock of this machine is %s ahead of the store's", before.Sub(its).Round(time.Second))}, nil
	case its.After(after.Add(clockTolerance)):
		return []string{fmt.Sprintf("the clock of this machine is %s behind the store's", its.Sub(after).Round(time.Second))}, nil
	}
	return nil, nil
}

// futureRecords tells of the newest record or revision if it lies in the future: the clock is
// behind, or was ahead when that was written.
func (e *engine) futureRecords(ctx context.Context, t patient) ([]string, error) {
	what, newest := "", time.Time{}
	for _, object := range t.snapshot.Objects {
		if object.Doc.Configuration {
			continue // its ids are made of names, not of the time
		}
		q := query.Select{Table: object.Table.Name, Sort: []query.Order{{Ref: query.Field(query.ID), Descending: true}}}
		row, ok, err := store.First(ctx, t, q, query.ID)
		if err != nil {
			return nil, fmt.Errorf("looking for the newest record of %s: %w", object.Doc.Name, err)
		}
		if !ok {
			continue
		}
		if at := row.ID(query.ID).Time(); at.After(newest) {
			what, newest = "record of "+object.Doc.Name, at
		}
	}
	revisions, err := e.Catalog.Revisions(ctx, t, 0, 1)
	if err != nil {
		return nil, err
	}
	if len(revisions) > 0 && revisions[0].At.After(newest) {
		what, newest = "revision", revisions[0].At
	}
	if ahead := newest.Sub(e.Now()); ahead > clockTolerance {
		return []string{fmt.Sprintf("the newest %s is of %s, which is in %s: the clock is behind, or was ahead", what, newest.UTC().Format(time.RFC3339), ahead.Round(time.Second))}, nil
	}
	return nil, nil
}

// missingTeams tells of teams that sharing rules name and that do not exist.
func (e *engine) missingTeams(ctx context.Context, t patient) (findings []string, err error) {
	missing, err := e.Catalog.MissingTeams(ctx, t)
	for _, one := range missing {
		findings = append(findings, one.Pointer+": "+one.Text(fault.Languages[0]))
	}
	return findings, err
}

// nobody tells that nobody can log in.
func (e *engine) nobody(ctx context.Context, t patient) ([]string, error) {
	users, err := e.Auth.Users(ctx, t)
	if err != nil || users > 0 {
		return nil, err
	}
	return []string{fmt.Sprintf("nobody has a password; add one: formwork user add --tenant %s --permissions %s E-MAIL", t.Name(), admin)}, nil
}
