package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"formwork/engine/record"
)

type userCommand struct {
	Add      userAdd      `cmd:"" help:"Add a user."`
	Password userPassword `cmd:"" help:"Give a user a new password and end their sessions."`
}

type userAdd struct {
	storage
	Tenant      string   `help:"Tenant." default:"main" env:"FORMWORK_TENANT"`
	Email       string   `arg:"" help:"E-mail, with which the user logs in."`
	Name        string   `help:"Name; the e-mail's first part if none is given."`
	Role        string   `help:"Role."`
	Permissions []string `help:"Permission sets." placeholder:"NAME"`
	Language    string   `help:"Language (en, zh)."`
}

// Run adds a user. The password is FORMWORK_USER_PASSWORD, or made up.
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
	where
	Email   string `arg:"" help:"E-mail of the user; - reads many, one a line, from the input, who all get the same password."`
	IfUnset bool   `help:"Leave those alone who have a password."`
}

// passwords sets passwords, on a server that runs or in a store.
type passwords interface {
	// set gives a user a password. With ifUnset it says false if there was one.
	set(ctx context.Context, email, password string, ifUnset bool) (bool, error)
}

// Run sets a password: FORMWORK_USER_PASSWORD, or one made up.
func (c *userPassword) Run(p *program) error {
	emails := []string{c.Email}
	if c.Email == "-" {
		raw, err := io.ReadAll(p.in)
		if err != nil {
			return fmt.Errorf("reading e-mails: %w", err)
		}
		emails = strings.Fields(string(raw))
	}
	if c.URL != "" {
		client, err := c.connect(p)
		if err != nil {
			return err
		}
		return c.all(p, &servedPasswords{client}, emails)
	}
	return c.with(p, c.tenant(), func(e *engine, s *tenantSession) error { return c.all(p, &storedPasswords{e, s}, emails) })
}

func (c *userPassword) all(p *program, where passwords, emails []string) error {
	l := p.userLogin("")
	for _, l.email = range emails {
		changed, err := where.set(p.ctx, l.email, l.password, c.IfUnset)
		if err != nil {
			return fmt.Errorf("setting the password of %s: %w", l.email, err)
		}
		if changed {
			l.printUser(p)
		}
	}
	return nil
}

// byEmail is the filter for a user.
func byEmail(email string) string { return "email == " + strconv.Quote(email) }

type storedPasswords struct {
	engine  *engine
	session *tenantSession
}

func (w *storedPasswords) set(ctx context.Context, email, password string, ifUnset bool) (bool, error) {
	page, err := w.session.records.List(ctx, "user", record.ListQuery{Filter: byEmail(email), Limit: 2})
	if err != nil {
		return false, err
	}
	if len(page.Items) != 1 {
		return false, fmt.Errorf("there is no such user")
	}
	if ifUnset {
		return w.engine.Auth.SetFirstPassword(ctx, w.session.tenant, page.Items[0].ID(), password)
	}
	return true, w.engine.Auth.SetPassword(ctx, w.session.tenant, page.Items[0].ID(), password)
}

type servedPasswords struct{ client *client }

func (w *servedPasswords) set(ctx context.Context, email, password string, ifUnset bool) (bool, error) {
	var page struct{ Items []struct{ ID string } }
	if err := w.client.call(ctx, http.MethodGet, "/records/user?fields=id&filter="+url.QueryEscape(byEmail(email)), nil, &page); err != nil {
		return false, err
	}
	if len(page.Items) != 1 {
		return false, fmt.Errorf("there is no such user")
	}
	var condition []string
	if ifUnset {
		condition = []string{"If-None-Match", "*"}
	}
	raw, err := json.Marshal(map[string]string{"password": password})
	if err != nil {
		return false, fmt.Errorf("writing the request: %w", err)
	}
	err = w.client.send(ctx, http.MethodPut, "/users/"+page.Items[0].ID+"/password", "application/json", bytes.NewReader(raw), nil, condition...)
	var r *refused
	if ifUnset && errors.As(err, &r) && r.status == http.StatusPreconditionFailed {
		return false, nil
	}
	return err == nil, err
}

// userLogin takes the password from the environment, or makes one up.
func (p *program) userLogin(email string) login {
	l := login{email: email, password: p.getenv("FORMWORK_USER_PASSWORD")}
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
