package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"formwork/engine/api"
	"formwork/engine/catalog"
	"formwork/engine/fault"
)

type revisionsCommand struct {
	where
	Limit int `help:"How many to list." default:"20"`
}

// Run lists revisions, the newest first.
func (c *revisionsCommand) Run(p *program) error {
	if c.Limit < 1 || c.Limit > 500 {
		return fmt.Errorf("--limit is 1 to 500")
	}
	of, err := c.configuration(p)
	if err != nil {
		return err
	}
	all, err := of.Revisions(p.ctx, c.Limit)
	for _, one := range all {
		fmt.Fprintf(p.out, "%d  %s  %s\n", one.Revision, one.At.Format(time.RFC3339), one.Message)
	}
	return errors.Join(err, of.Close())
}

type rollbackCommand struct {
	where
	To      int64    `arg:"" help:"Revision to go back to."`
	Kind    string   `help:"With --name: take one document back only, of this kind."`
	Name    string   `help:"The document's name."`
	Message string   `short:"m" help:"What it is for; kept with the new revision."`
	Allow   []string `help:"What may be destroyed, as --plan names it." placeholder:"PATH" sep:","`
	Plan    bool     `help:"Say what it would change, and change nothing."`
}

// Run goes back to a revision, as a new one.
func (c *rollbackCommand) Run(p *program) error {
	if (c.Kind == "") != (c.Name == "") {
		return fmt.Errorf("--kind and --name go together")
	}
	of, err := c.configuration(p)
	if err != nil {
		return err
	}
	back := catalog.Restoration{To: c.To, Kind: c.Kind, Name: c.Name, Message: c.Message, Allow: c.Allow}
	do := c.back
	if c.Plan {
		do = c.plan
	}
	return errors.Join(do(p, of, back), of.Close())
}

func (c *rollbackCommand) plan(p *program, of configuration, back catalog.Restoration) error {
	plan, err := of.PlanRollback(p.ctx, back)
	if err != nil {
		return err
	}
	return p.showPlan(plan)
}

func (c *rollbackCommand) back(p *program, of configuration, back catalog.Restoration) error {
	applied, err := of.Rollback(p.ctx, back)
	if err != nil {
		return err
	}
	p.showChanges(applied.Changes)
	p.showImpact(applied.Impact)
	fmt.Fprintf(p.out, "revision %d\n", applied.Revision)
	return nil
}

func (c *storedConfiguration) Revisions(ctx context.Context, limit int) ([]api.Revision, error) {
	all, err := c.engine.Catalog.Revisions(ctx, c.tenant, 0, limit)
	if err != nil {
		return nil, err
	}
	var revisions []api.Revision
	for _, one := range all {
		revisions = append(revisions, api.Revision{Revision: one.Number, Message: one.Message, At: one.At})
	}
	return revisions, nil
}

func (c *storedConfiguration) PlanRollback(ctx context.Context, back catalog.Restoration) (api.Plan, error) {
	plan, err := c.engine.Catalog.PlanRollback(ctx, c.tenant, back)
	if err != nil {
		return api.Plan{}, err
	}
	return api.PlanOf(plan, fault.Languages[0]), nil
}

func (c *storedConfiguration) Rollback(ctx context.Context, back catalog.Restoration) (api.Applied, error) {
	result, err := c.engine.Catalog.Rollback(ctx, c.tenant, back, 0)
	if err != nil {
		return api.Applied{}, err
	}
	return api.AppliedOf(result, fault.Languages[0]), nil
}

func (c *servedConfiguration) Revisions(ctx context.Context, limit int) ([]api.Revision, error) {
	var page api.Page[api.Revision]
	err := c.call(ctx, http.MethodGet, fmt.Sprintf("/metadata/revisions?limit=%d", limit), nil, &page)
	return page.Items, err
}

func (c *servedConfiguration) PlanRollback(ctx context.Context, back catalog.Restoration) (plan api.Plan, err error) {
	err = c.call(ctx, http.MethodPost, "/metadata/rollback/plan", back, &plan)
	return plan, err
}

func (c *servedConfiguration) Rollback(ctx context.Context, back catalog.Restoration) (applied api.Applied, err error) {
	err = c.call(ctx, http.MethodPost, "/metadata/rollback", back, &applied)
	return applied, err
}
