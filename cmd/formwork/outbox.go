package main

import (
	"errors"
	"fmt"
	"time"

	"formwork/engine/outbox"
)

type outboxCommand struct {
	List   outboxList   `cmd:"" help:"List the consumers of a tenant's events, and how far behind they are."`
	Remove outboxRemove `cmd:"" help:"Forget how far a consumer came, so that it holds no events any more."`
}

type outboxList struct {
	storage
	Tenant string `help:"Tenant." default:"main" env:"FORMWORK_TENANT"`
}

// Run lists the consumers of a tenant.
func (c *outboxList) Run(p *program) error {
	e, err := c.openEngine(p)
	if err != nil {
		return err
	}
	return errors.Join(c.list(p, e), e.Store.Close())
}

func (c *outboxList) list(p *program, e *engine) error {
	t, err := e.Store.Tenant(p.ctx, c.Tenant)
	if err != nil {
		return err
	}
	all, err := e.Outbox.Status(p.ctx, t)
	if err == nil && len(all) == 0 {
		fmt.Fprintf(p.out, "Nothing takes events of tenant %s.\n", c.Tenant)
	}
	for _, s := range all {
		fmt.Fprintf(p.out, "%s: %s\n", s.Consumer, standing(s, e.Now()))
	}
	return err
}

// standing says in words how a consumer stands.
func standing(s outbox.Status, now time.Time) string {
	text := "has taken every event"
	if s.Behind > 0 {
		text = fmt.Sprintf("%s behind, the oldest of %s ago", plural(int(s.Behind), "event"), now.Sub(s.Oldest).Round(time.Second))
	}
	if s.Attempts > 0 {
		text += fmt.Sprintf("; failed %s, next try at %s: %s", plural(int(s.Attempts), "time"), s.RetryAt.Format(time.RFC3339), s.Error)
	}
	if !s.Registered {
		text += "; not part of this program, last seen " + s.SeenAt.Format(time.DateOnly)
	}
	return text
}

type outboxRemove struct {
	storage
	Tenant string `help:"Tenant." default:"main" env:"FORMWORK_TENANT"`
	Name   string `arg:"" help:"Name of the consumer."`
}

// Run forgets a consumer of a tenant.
func (c *outboxRemove) Run(p *program) error {
	s, err := c.open(p)
	if err != nil {
		return err
	}
	t, err := s.Tenant(p.ctx, c.Tenant)
	if err == nil {
		err = outbox.Remove(p.ctx, t, c.Name)
	}
	if err == nil {
		fmt.Fprintf(p.out, "Consumer %s is forgotten in tenant %s.\n", c.Name, c.Tenant)
	}
	return errors.Join(err, s.Close())
}
