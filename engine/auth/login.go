package auth

import (
	"context"
	"errors"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Attempt is somebody who wants to log in.
type Attempt struct {
	Email, Password string
	// Device is what a browser was given when somebody logged in from it before, "" if
	// nothing was. From a device that the user knows, the failures of others don't count: it
	// is locked by its own; and it has a lane of its own, which a flood of others leaves free.
	Device string
	// Remember asks for a device token, for a browser that has none.
	Remember bool
	// Client is the network address, for the log.
	Client string
}

// LoggedIn is a session that has begun.
type LoggedIn struct {
	Token  string
	Device string // a token for the browser to keep and send with the next login; "" if it has one
	Caller *policy.Caller
}

// Login is LoginFrom of a program.
func (s *Service) Login(ctx context.Context, t store.Tenant, email, password string) (token string, caller *policy.Caller, err error) {
	in, err := s.LoginFrom(ctx, t, Attempt{Email: email, Password: password})
	return in.Token, in.Caller, err
}

// LoginFrom checks a password and begins a session. The fault is "auth.failed"
// (Unauthenticated) whether the user is unknown, inactive, locked or the password
// wrong, after the same work in every case; the log says which. Five wrong passwords in a
// row lock the account for a minute, and each further one for twice as long, up to an hour;
// this survives a restart.
func (s *Service) LoginFrom(ctx context.Context, t store.Tenant, a Attempt) (LoggedIn, error) {
	in, err := s.login(ctx, t, a)
	s.logFailure(t, in.Caller, a, err)
	if err != nil {
		return LoggedIn{}, err
	}
	return in, nil
}

// login is LoginFrom without the log. The caller is that of the user as soon as there is one.
func (s *Service) login(ctx context.Context, t store.Tenant, a Attempt) (in LoggedIn, err error) {
	if len(a.Password) > maxPassword {
		return in, failed("the password is too long")
	}
	u, err := s.userByEmail(ctx, t, a.Email)
	if err != nil {
		return in, err
	}
	if u == nil {
		return in, s.pretend(ctx, t, s.strangers, a.Password, "there is no such user")
	}
	in.Caller = u.caller
	by, counts := s.strangers, counter{credentials, u.caller.User}
	device, locked, err := s.device(ctx, t, u.caller.User, a.Device)
	if err != nil {
		return in, err
	}
	if device != 0 {
		counts = counter{devices, device}
		if !locked {
			by = s.known
		}
	}
	if err := s.verify(ctx, t, u, by, a.Password, counts); err != nil {
		return in, err
	}
	if in.Token, err = s.begin(ctx, t, u.caller.User); err != nil {
		return in, err
	}
	if a.Remember {
		in.Device, err = s.remember(ctx, t, u.caller.User, device)
	}
	return in, err
}

// KnowsDevice reports whether somebody with this e-mail has logged in from the device of an
// attempt before, and has not sent wrong passwords from it: who floods others out does not
// keep them out.
func (s *Service) KnowsDevice(ctx context.Context, t store.Tenant, a Attempt) (bool, error) {
	if kind, tenant, ok := splitToken(a.Device); t == nil || !ok || kind != deviceToken || tenant != t.Name() {
		return false, nil
	}
	u, err := s.userByEmail(ctx, t, a.Email)
	if err != nil || u == nil {
		return false, err
	}
	device, locked, err := s.device(ctx, t, u.caller.User, a.Device)
	return device != 0 && !locked, err
}

// logFailure logs a login that was refused: of whom and from where, never with what was sent.
func (s *Service) logFailure(t store.Tenant, of *policy.Caller, a Attempt, err error) {
	if !fault.Is(err, "auth.failed") {
		return
	}
	tenant, user := "", ""
	if t != nil {
		tenant = t.Name()
	}
	if of != nil {
		user = of.User.String()
	}
	s.log.Warn("login refused", "tenant", tenant, "user", user, "client", a.Client, "reason", errors.Unwrap(err))
}

// Verify checks the password of a user who is logged in already, under the same
// lock as Login. Fault "auth.failed".
func (s *Service) Verify(ctx context.Context, t store.Tenant, user id.ID, a Attempt) error {
	u, err := s.userByID(ctx, t, user)
	if err != nil {
		return err
	}
	if u == nil {
		return s.pretend(ctx, t, s.known, a.Password, "there is no such user")
	}
	err = s.verify(ctx, t, u, s.known, a.Password, counter{credentials, user})
	s.logFailure(t, u.caller, a, err)
	return err
}

// Refuse fails like LoginFrom for an unknown user of a tenant, after the same work.
func (s *Service) Refuse(ctx context.Context, a Attempt) error {
	err := error(failed("the password is too long"))
	if len(a.Password) <= maxPassword {
		err = s.pretend(ctx, nil, s.strangers, a.Password, "there is no such tenant")
	}
	s.logFailure(nil, nil, a, err)
	return err
}

// failed is the fault of a login that is refused. The reason is for the log alone.
func failed(reason string) *fault.Fault {
	return fault.New(fault.Unauthenticated, "auth.failed").Because(errors.New(reason))
}

// pretend does the work of a check that can't succeed, to the write of a failure: its
// time must not tell whether there is such an account.
func (s *Service) pretend(ctx context.Context, t store.Tenant, by *lane, password, reason string) error {
	if _, err := matches(ctx, by, s.decoy, password); err != nil {
		return err
	}
	if t != nil {
		if err := s.countNobody(ctx, t); err != nil {
			return err
		}
	}
	return failed(reason)
}

// nobody is the row of _device whose failures are those of no account.
const nobody id.ID = 1

func (s *Service) countNobody(ctx context.Context, t store.Tenant) error {
	return t.Write(ctx, func(tx store.Tx) error {
		values := map[string]any{usedColumn.Name: s.now().UnixMilli()}
		_, there, err := row(ctx, tx, devices, query.Is(query.ID, int64(nobody)), query.ID)
		if err != nil {
			return err
		}
		if there {
			return tx.Update(ctx, devices, nobody, 0, values, nil)
		}
		return tx.Insert(ctx, devices, nobody, values, nil)
	})
}

// verify checks one password in a lane, one at a time for a counter of failures.
func (s *Service) verify(ctx context.Context, t store.Tenant, u *user, by *lane, password string, counts counter) error {
	done, err := by.turn(ctx, counts)
	if err != nil {
		return err
	}
	defer done()

	secret, known, err := row(ctx, t, credentials, query.Is(query.ID, int64(u.caller.User)), hashColumn)
	if err != nil {
		return err
	}
	counted, there, err := row(ctx, t, counts.table, query.Is(query.ID, int64(counts.row)), failuresColumn, lockedColumn)
	if err != nil {
		return err
	}
	switch {
	case !known || !there:
		return s.pretend(ctx, t, by, password, "the user has no password")
	case !u.active:
		return s.pretend(ctx, t, by, password, "the user is not active")
	case counted.Int(lockedColumn) > s.now().UnixMilli():
		return s.pretend(ctx, t, by, password, "locked after wrong passwords")
	}
	ok, err := matches(ctx, by, secret.Text(hashColumn), password)
	if err != nil {
		return err
	}
	if failures := counted.Int(failuresColumn); !ok {
		err = s.count(ctx, t, u, counts, failures+1)
	} else if failures > 0 {
		err = s.count(ctx, t, u, counts, 0)
	}
	if err == nil && !ok {
		err = failed("the password is wrong")
	}
	return err
}

// count writes down the failures in a row, and locks after too many.
func (s *Service) count(ctx context.Context, t store.Tenant, u *user, counts counter, failures int64) error {
	values := map[string]any{failuresColumn.Name: failures, lockedColumn.Name: nil}
	if wait := lockFor(failures); wait > 0 {
		values[lockedColumn.Name] = s.now().Add(wait).UnixMilli()
		s.log.Warn("locked after wrong passwords", "tenant", t.Name(), "user", u.caller.User.String(),
			"device", counts.table == devices, "failures", failures, "for", wait)
	}
	return t.Write(ctx, func(tx store.Tx) error { return tx.Update(ctx, counts.table, counts.row, 0, values, nil) })
}

// lockFor is how long an account is locked after so many failures in a row.
func lockFor(failures int64) time.Duration {
	if failures < freeFailures {
		return 0
	}
	wait := firstWait
	for range failures - freeFailures {
		if wait *= 2; wait >= longWait {
			return longWait
		}
	}
	return wait
}

// Users counts those who have a password.
func (s *Service) Users(ctx context.Context, t store.Tenant) (int64, error) {
	return t.Count(ctx, credentials, nil, nil, 0)
}

// SetPassword gives a user a password, unlocks the account, ends all of the user's
// sessions and API keys, and forgets their devices. Faults: "auth.password_…" (Invalid), "auth.user_not_found".
func (s *Service) SetPassword(ctx context.Context, t store.Tenant, user id.ID, password string) error {
	_, err := s.setPassword(ctx, t, user, password, false)
	return err
}

// SetFirstPassword is SetPassword for a user who has none; set is false, and nothing
// changes, if there is one.
func (s *Service) SetFirstPassword(ctx context.Context, t store.Tenant, user id.ID, password string) (set bool, err error) {
	return s.setPassword(ctx, t, user, password, true)
}

func (s *Service) setPassword(ctx context.Context, t store.Tenant, user id.ID, password string, first bool) (set bool, err error) {
	u, err := s.userByID(ctx, t, user)
	if err != nil {
		return false, err
	}
	if u == nil {
		return false, fault.New(fault.NotFound, "auth.user_not_found")
	}
	if problem := acceptable(password, u.caller.Email); problem != nil {
		return false, problem
	}
	if first {
		if _, there, err := row(ctx, t, credentials, query.Is(query.ID, int64(user)), query.ID); err != nil || there {
			return false, err
		}
	}
	hash, err := s.seal(ctx, password)
	if err != nil {
		return false, err
	}
	values := map[string]any{hashColumn.Name: hash, failuresColumn.Name: int64(0), lockedColumn.Name: nil}
	err = t.Write(ctx, func(tx store.Tx) error {
		_, there, err := row(ctx, tx, credentials, query.Is(query.ID, int64(user)), query.ID)
		if err != nil {
			return err
		}
		set = !there || !first
		switch {
		case !set:
			return nil
		case !there:
			err = tx.Insert(ctx, credentials, user, values, nil)
		default:
			err = tx.Update(ctx, credentials, user, 0, values, nil)
		}
		if err != nil {
			return err
		}
		return s.EndAccess(ctx, tx, user)
	})
	if err != nil || !set {
		return false, err
	}
	s.Forget(t.Name(), user)
	return true, nil
}
