package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"formwork/engine/backup"
	"formwork/engine/store"
	"formwork/engine/store/s3"
)

// openPlace opens the place of backups: a folder, or a bucket (s3://…).
func (p *program) openPlace(address string) (backup.Place, error) {
	if !strings.HasPrefix(address, s3.Scheme) {
		return backup.Folder(address)
	}
	opened, err := s3.Open(p.ctx, address, p.s3Credentials())
	if err != nil {
		return nil, err
	}
	return opened.Place(), nil
}

// keeper keeps the copies of a store's tenants.
func (p *program) keeper(address string, s store.Store) (*backup.Keeper, error) {
	place, err := p.openPlace(address)
	if err != nil {
		return nil, err
	}
	return &backup.Keeper{Place: place, Store: s, Program: version, Now: time.Now}, nil
}

type backupCommand struct {
	storage
	To     string `help:"Folder of the backups, or s3://BUCKET/PREFIX?endpoint=URL." required:"" placeholder:"PLACE" env:"FORMWORK_BACKUP_TO"`
	Tenant string `help:"Back up one tenant only; all if none is named."`
	Keep   string `help:"Remove older copies but the newest of so many hours, days and weeks; none if not given." placeholder:"24h,7d,4w"`
	List   bool   `help:"List the copies there are, and take none."`
}

// Run copies tenants while others use them.
func (c *backupCommand) Run(p *program) error {
	rule, err := ruleOf(c.Keep)
	if err != nil {
		return err
	}
	e, err := c.openEngine(p)
	if err != nil {
		return err
	}
	return errors.Join(c.run(p, e, rule), e.Store.Close())
}

// ruleOf reads --keep; nil if it is not given.
func ruleOf(text string) (*backup.Rule, error) {
	if text == "" {
		return nil, nil
	}
	rule, err := backup.ParseRule(text)
	return &rule, err
}

func (c *backupCommand) run(p *program, e *engine, rule *backup.Rule) error {
	k, err := p.keeper(c.To, e.Store)
	if err != nil {
		return err
	}
	names := []string{c.Tenant}
	if c.Tenant == "" {
		if names, err = e.Store.Tenants(p.ctx); err != nil {
			return err
		}
	}
	var failed error
	for _, name := range names {
		do := c.take
		if c.List {
			do = c.list
		}
		if err := do(p, k, name, rule); err != nil { // of one tenant; the others are backed up
			failed = errors.Join(failed, fmt.Errorf("tenant %s: %w", name, err))
		}
	}
	return failed
}

func (c *backupCommand) take(p *program, k *backup.Keeper, name string, rule *backup.Rule) error {
	taken, err := k.Take(p.ctx, name)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s: %s, %s and %s\n", name, taken.Taken.Format(time.RFC3339), plural(int(taken.Rows.Size), "byte"), plural(int(taken.Blobs), "file"))
	if rule == nil {
		return nil
	}
	removed, err := k.Prune(p.ctx, name, *rule)
	if removed > 0 {
		fmt.Fprintf(p.out, "%s: %s removed\n", name, plural(removed, "old copy", "old copies"))
	}
	return err
}

func (c *backupCommand) list(p *program, k *backup.Keeper, name string, _ *backup.Rule) error {
	all, err := k.Copies(p.ctx, name)
	for _, one := range all {
		fmt.Fprintf(p.out, "%s: %s, %s, by version %s\n", name, one.Taken.Format(time.RFC3339Nano), plural(int(one.Rows.Size), "byte"), one.Program)
	}
	return err
}

type restoreCommand struct {
	storage
	From   string `help:"Folder of the backups, or s3://BUCKET/PREFIX?endpoint=URL." required:"" placeholder:"PLACE" env:"FORMWORK_BACKUP_TO"`
	Tenant string `arg:"" help:"Tenant that was backed up."`
	As     string `help:"Name of the tenant that is made; that of the backup if none is given."`
	At     string `help:"Take the newest copy of that time or before; the newest of all if none is given." placeholder:"2026-11-28T20:00:00Z"`
}

// when reads --at; the zero time if it is not given.
func (c *restoreCommand) when() (at time.Time, err error) {
	if c.At == "" {
		return at, nil
	}
	if at, err = time.Parse(time.RFC3339, c.At); err != nil {
		return at, fmt.Errorf("--at %q is no time such as 2026-11-28T20:00:00Z", c.At)
	}
	return at, nil
}

// Run makes a tenant of a copy. It replaces none.
func (c *restoreCommand) Run(p *program) error {
	at, err := c.when()
	if err != nil {
		return err
	}
	if err := c.make(); err != nil {
		return err
	}
	e, err := c.openEngine(p)
	if err != nil {
		return err
	}
	return errors.Join(c.run(p, e, at), e.Store.Close())
}

func (c *restoreCommand) run(p *program, e *engine, at time.Time) error {
	k, err := p.keeper(c.From, e.Store)
	if err != nil {
		return err
	}
	as := c.As
	if as == "" {
		as = c.Tenant
	}
	restored, err := k.Restore(p.ctx, c.Tenant, as, at)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "Tenant %s is as %s was at %s.\n", as, c.Tenant, restored.Taken.Format(time.RFC3339))
	return nil
}

// backups is the schedule of serve.
type backups struct {
	BackupTo    string        `help:"Back all tenants up while serving, into a folder or s3://BUCKET/PREFIX?endpoint=URL." placeholder:"PLACE" env:"FORMWORK_BACKUP_TO"`
	BackupEvery time.Duration `help:"How often." default:"1h" placeholder:"DURATION"`
	BackupKeep  string        `help:"Which copies are kept: the newest of so many hours, days and weeks." default:"24h,7d,4w" placeholder:"RULE"`
}

// times are when backups are taken and how long they are kept.
func (b backups) times() (backup.Schedule, error) {
	rule, err := backup.ParseRule(b.BackupKeep)
	if err != nil {
		return backup.Schedule{}, fmt.Errorf("--backup-keep: %w", err)
	}
	if b.BackupEvery < time.Minute {
		return backup.Schedule{}, fmt.Errorf("--backup-every must be at least a minute")
	}
	return backup.Schedule{Every: b.BackupEvery, Keep: rule}, nil
}

// schedule prepares the backups of serve; nil if there are none.
func (b backups) schedule(p *program, e *engine) (*backup.Keeper, backup.Schedule, error) {
	if b.BackupTo == "" {
		return nil, backup.Schedule{}, nil
	}
	times, err := b.times()
	if err != nil {
		return nil, backup.Schedule{}, err
	}
	k, err := p.keeper(b.BackupTo, e.Store)
	return k, times, err
}

// late says that a tenant's last copy is older than two of the periods in which copies are
// taken; "" if it is not.
func (b backups) late(p *program, k *backup.Keeper, tenant string) (string, error) {
	all, err := k.Copies(p.ctx, tenant)
	switch {
	case err != nil:
		return "", err
	case len(all) == 0:
		return "there is no backup", nil
	case time.Until(all[0].Taken) > clockTolerance:
		return fmt.Sprintf("the last backup is of %s, which is in the future: the clock is behind, or was ahead", all[0].Taken.Format(time.RFC3339)), nil
	case time.Since(all[0].Taken) > 2*b.BackupEvery:
		return fmt.Sprintf("the last backup is %s old", time.Since(all[0].Taken).Round(time.Minute)), nil
	}
	return "", nil
}

// plural is a number with a noun: "1 file", "2 files". Another form than that with an s is
// given.
func plural(n int, one string, many ...string) string {
	switch {
	case n == 1:
		return "1 " + one
	case len(many) > 0:
		return fmt.Sprintf("%d %s", n, many[0])
	}
	return fmt.Sprintf("%d %ss", n, one)
}
