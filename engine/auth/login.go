package auth

import (
	"context"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Login checks a password and begins a session. The fault is "auth.failed"
// (Unauthenticated) whether the user is unknown, inactive, locked or the password
// wrong, after the same work in every case. Five wrong passwords in a row lock the
// account for a minute, and each further one for twice as long, up to an hour;
// this survives a restart.
func (s *Service) Login(ctx context.Context, t store.Tenant, email, password string) (token string, caller *policy.Caller, err error) {
	in, err := s.login(ctx, t, email, password, "")
	if err != nil {
		return "", nil, err
	}
	return in.Token, in.Caller, nil
}

// LoggedIn is a session that has begun.
type LoggedIn struct {
	Token  string
	Device string // a token for the browser to keep and send with the next login; "" if it has one
	Caller *policy.Caller
}

// LoginFrom is Login from a browser, which sends the token of the device that it was
// given before, or "". From a device that the user knows, the failures of others don't
// count: it is locked by its own.
func (s *Service) LoginFrom(ctx context.Context, t store.Tenant, email, password, device string) (LoggedIn, error) {
	in, err := s.login(ctx, t, email, password, device)
	if err != nil {
		return LoggedIn{}, err
	}
	user := in.Caller.User
	known, err := s.device(ctx, t, user, device)
	if err != nil {
		return LoggedIn{}, err
	}
	in.Device, err = s.remember(ctx, t, user, known)
	return in, err
}

func (s *Service) login(ctx context.Context, t store.Tenant, email, password, device string) (LoggedIn, error) {
	if len(password) > maxPassword {
		return LoggedIn{}, failed()
	}
	u, err := s.userByEmail(ctx, t, email)
	if err != nil {
		return LoggedIn{}, err
	}
	if u == nil {
		return LoggedIn{}, s.pretend(ctx, t, password)
	}
	counts := counter{credentials, u.caller.User}
	if known, err := s.device(ctx, t, u.caller.User, device); err != nil {
		return LoggedIn{}, err
	} else if known != 0 {
		counts = counter{devices, known}
	}
	if err := s.verify(ctx, t, u, password, counts); err != nil {
		return LoggedIn{}, err
	}
	token, err := s.begin(ctx, t, u.caller.User)
	return LoggedIn{Token: token, Caller: u.caller}, err
}

// Verify checks the password of a user who is logged in already, under the same
// lock as Login. Fault "auth.failed".
func (s *Service) Verify(ctx context.Context, t store.Tenant, user id.ID, password string) error {
	u, err := s.userByID(ctx, t, user)
	if err != nil {
		return err
	}
	if u == nil {
		return s.pretend(ctx, t, password)
	}
	return s.verify(ctx, t, u, password, counter{credentials, user})
}

// Refuse fails like Login for an unknown user of a tenant, after the same work.
func (s *Service) Refuse(ctx context.Context, password string) error {
	if len(password) > maxPassword {
		return failed()
	}
	return s.pretend(ctx, nil, password)
}

func failed() *fault.Fault { return fault.New(fault.Unauthenticated, "auth.failed") }

// pretend does the work of a check that can't succeed, to the write of a failure: its
// time must not tell whether there is such an account.
func (s *Service) pretend(ctx context.Context, t store.Tenant, password string) error {
	if _, err := s.matches(ctx, s.decoy, password); err != nil {
		return err
	}
	if t != nil {
		if err := s.countNobody(ctx, t); err != nil {
			return err
		}
	}
	return failed()
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

// verify checks one password of a user at a time, so that guesses sent together
// are counted one by one.
func (s *Service) verify(ctx context.Context, t store.Tenant, u *user, password string, counts counter) error {
	turn := s.turns[uint64(u.caller.User)%uint64(len(s.turns))]
	if err := turn.Acquire(ctx, 1); err != nil {
		return fault.New(fault.Unavailable, "auth.busy").Because(err)
	}
	defer turn.Release(1)

	secret, known, err := row(ctx, t, credentials, query.Is(query.ID, int64(u.caller.User)), hashColumn)
	if err != nil {
		return err
	}
	counted, there, err := row(ctx, t, counts.table, query.Is(query.ID, int64(counts.row)), failuresColumn, lockedColumn)
	if err != nil {
		return err
	}
	if !known || !there || !u.active || counted.Int(lockedColumn) > s.now().UnixMilli() {
		return s.pretend(ctx, t, password)
	}
	ok, err := s.matches(ctx, secret.Text(hashColumn), password)
	if err != nil {
		return err
	}
	if failures := counted.Int(failuresColumn); !ok {
		err = s.count(ctx, t, u, counts, failures+1)
	} else if failures > 0 {
		err = s.count(ctx, t, u, counts, 0)
	}
	if err == nil && !ok {
		err = failed()
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
