package main

import (
	"fmt"
	"strconv"

	"formwork/engine/record"
)

type userCommand struct {
	Add      userAdd      `cmd:"" help:"Add a user."`
	Password userPassword `cmd:"" help:"Give a user a new password and end their sessions."`
}

type userAdd struct {
	storage
	Tenant      string   `help:"Tenant." default:"main"`
	Email       string   `arg:"" help:"E-mail, with which the user logs in."`
	Name        string   `help:"Name; the e-mail's first part if none is given."`
	Role        string   `help:"Role."`
	Permissions []string `help:"Permission sets." placeholder:"NAME"`
	Language    string   `help:"Language (en, zh)."`
}

// Run adds a user. The password is FORMWORK_PASSWORD, or made up.
func (c *userAdd) Run(p *program) error {
	return c.with(p, c.Tenant, func(e *engine, s *tenantSession) error {
		l := p.userLogin(c.Email)
		u := newUser{email: c.Email, name: c.Name, role: c.Role, language: c.Language, permissions: c.Permissions}
		if u.name == "" {
			u.name = c.Email
		}
		if _, err := e.addUser(p.ctx, s.tenant, u, l.password); err != nil {
			return err
		}
		l.printUser(p)
		return nil
	})
}

type userPassword struct {
	storage
	Tenant string `help:"Tenant." default:"main"`
	Email  string `arg:"" help:"E-mail of the user."`
}

// Run sets a password: FORMWORK_PASSWORD, or one made up.
func (c *userPassword) Run(p *program) error {
	return c.with(p, c.Tenant, func(e *engine, s *tenantSession) error {
		page, err := s.records.List(p.ctx, "user", record.ListQuery{Filter: "email == " + strconv.Quote(c.Email), Limit: 2})
		if err != nil {
			return err
		}
		if len(page.Items) != 1 {
			return fmt.Errorf("tenant %s has no user %s", c.Tenant, c.Email)
		}
		l := p.userLogin(c.Email)
		if err := e.auth.SetPassword(p.ctx, s.tenant, page.Items[0].ID(), l.password); err != nil {
			return err
		}
		l.printUser(p)
		return nil
	})
}

// userLogin takes the password from the environment, or makes one up.
func (p *program) userLogin(email string) login {
	l := login{email: email, password: p.getenv("FORMWORK_PASSWORD")}
	if l.password == "" {
		l.password, l.made = newPassword(), true
	}
	return l
}

func (l login) printUser(p *program) {
	if l.made {
		fmt.Fprintf(p.out, "%s, password %s (shown this once)\n", l.email, l.password)
		return
	}
	fmt.Fprintf(p.out, "%s, with the password that was given\n", l.email)
}
