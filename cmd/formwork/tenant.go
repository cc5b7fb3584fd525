package main

import (
	"errors"
	"fmt"
)

type tenantCommand struct {
	Create tenantCreate `cmd:"" help:"Make a tenant with the whole CRM and a first user."`
	List   tenantList   `cmd:"" help:"List the tenants."`
	Spread tenantSpread `cmd:"" help:"Spread a large tenant over the shards of a MongoDB cluster; again after objects were added."`
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

// Run lists the tenants.
func (c *tenantList) Run(p *program) error {
	s, err := c.open(p)
	if err != nil {
		return err
	}
	names, err := s.Tenants(p.ctx)
	for _, name := range names {
		fmt.Fprintln(p.out, name)
	}
	return errors.Join(err, s.Close())
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
