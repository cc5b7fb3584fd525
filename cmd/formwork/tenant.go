package main

import (
	"errors"
	"fmt"
	"time"

	"formwork/engine/cell"
	"formwork/engine/store"
)

type tenantCommand struct {
	Create tenantCreate `cmd:"" help:"Make a tenant with the whole CRM and a first user."`
	List   tenantList   `cmd:"" help:"List the tenants."`
	Spread tenantSpread `cmd:"" help:"Spread a large tenant over the shards of a MongoDB cluster; again after objects were added."`
	Move   tenantMove   `cmd:"" help:"Move a tenant to another store while it is used."`
	Delete tenantDelete `cmd:"" help:"Remove a tenant and all of its data, for good."`
}

type tenantCreate struct {
	storage
	Name  string `arg:"" help:"Name of the tenant."`
	Email string `help:"E-mail of the first user (or FORMWORK_ADMIN_EMAIL)."`
}

// Run makes a tenant.
func (c *tenantCreate) Run(p *program) error {
	if err := c.make(); err != nil {
		return err
	}
	e, err := c.openEngine(p)
	if err != nil {
		return err
	}
	l := p.firstLogin(c.Name)
	if c.Email != "" {
		l.email = c.Email
	}
	if err := e.createTenant(p.ctx, l); err != nil {
		return errors.Join(err, e.Store.Close())
	}
	fmt.Fprintf(p.out, "Tenant %s is there.\n", c.Name)
	l.print(p)
	return e.Store.Close()
}

type tenantList struct{ storage }

// Run lists the tenants; where there are several cells, with that of each.
func (c *tenantList) Run(p *program) error {
	s, err := c.openRows(p.ctx)
	if err != nil {
		return err
	}
	return errors.Join(list(p, s), s.Close())
}

func list(p *program, s store.Store) error {
	names, err := s.Tenants(p.ctx)
	if err != nil {
		return err
	}
	cells, several := s.(*cell.Store)
	for _, name := range names {
		if !several {
			fmt.Fprintln(p.out, name)
			continue
		}
		in, err := cells.Cell(p.ctx, name)
		if err != nil {
			return err
		}
		fmt.Fprintln(p.out, name, in)
	}
	return nil
}

type tenantMove struct {
	storage
	Name  string        `arg:"" help:"Name of the tenant."`
	To    string        `help:"Cell to move it to: one of --cell, or primary." required:"" placeholder:"CELL"`
	Grace time.Duration `help:"How long what was left stays there, for reads that had begun." default:"1m" placeholder:"DURATION"`
}

// Run moves a tenant beside the servers that use it.
func (c *tenantMove) Run(p *program) error {
	s, err := c.openRows(p.ctx)
	if err != nil {
		return err
	}
	return errors.Join(c.move(p, s), s.Close())
}

func (c *tenantMove) move(p *program, s store.Store) error {
	cells, several := s.(*cell.Store)
	if !several {
		return fmt.Errorf("there is one cell; name others with --cell, for the servers too")
	}
	moved, err := cells.Move(p.ctx, c.Name, c.To, c.Grace)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "Tenant %s is in cell %s. Writes waited for %s; %s made meanwhile.\n",
		c.Name, c.To, moved.Pause.Round(time.Millisecond), plural(moved.Changes, "change was", "changes were"))
	return nil
}

type tenantSpread struct {
	storage
	Name string `arg:"" help:"Name of the tenant."`
}

// Run spreads a tenant over shards.
func (c *tenantSpread) Run(p *program) error {
	c.Blobs = "" // they are elsewhere in any case
	e, err := c.openEngine(p)
	if err != nil {
		return err
	}
	kept, err := e.Spread(p.ctx, c.Name)
	if err == nil {
		fmt.Fprintf(p.out, "Tenant %s is spread over the shards.\n", c.Name)
	}
	for _, table := range kept {
		fmt.Fprintf(p.out, "The table %s has a unique key and stays on one shard.\n", table)
	}
	return errors.Join(err, e.Store.Close())
}

type tenantDelete struct {
	storage
	Name string `arg:"" help:"Name of the tenant."`
	Yes  bool   `help:"Really. There is no way back."`
}

// Run removes a tenant.
func (c *tenantDelete) Run(p *program) error {
	if !c.Yes {
		return fmt.Errorf("this removes tenant %s and all of its data; say --yes if you mean it", c.Name)
	}
	s, err := c.open(p)
	if err != nil {
		return err
	}
	if err := s.Delete(p.ctx, c.Name); err != nil {
		return errors.Join(err, s.Close())
	}
	fmt.Fprintf(p.out, "Tenant %s is gone.\n", c.Name)
	return s.Close()
}
