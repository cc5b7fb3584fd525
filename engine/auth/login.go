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
	if len(password) > maxPassword {
		return "", nil, failed()
	}
	u, err := s.userByEmail(ctx, t, email)
	if err != nil {
		return "", nil, err
	}
	if u == nil {
		return "", nil, s.pretend(ctx, password)
	}
	if err := s.verify(ctx, t, u, password); err != nil {
		return "", nil, err
	}
	token, err = s.begin(ctx, t, u.caller.User)
	if err != nil {
		return "", nil, err
	}
	return token, u.caller, nil
}

// Verify checks the password of a user who is logged in already, under the same
// lock as Login. Fault "auth.failed".
func (s *Service) Verify(ctx context.Context, t store.Tenant, user id.ID, password string) error {
	u, err := s.userByID(ctx, t, user)
	if err != nil {
		return err
	}
	if u == nil {
		return s.pretend(ctx, password)
	}
	return s.verify(ctx, t, u, password)
}

// Refuse fails like Login for an unknown user, after the same work.
func (s *Service) Refuse(ctx context.Context, password string) error {
	if len(password) > maxPassword {
		return failed()
	}
	return s.pretend(ctx, password)
}

func failed() *fault.Fault { return fault.New(fault.Unauthenticated, "auth.failed") }

// pretend does the work of a check that can't succeed.
func (s *Service) pretend(ctx context.Context, password string) error {
	if _, err := s.matches(ctx, s.decoy, password); err != nil {
		return err
	}
	return failed()
}

// verify checks one password of a user at a time, so that guesses sent together
// are counted one by one.
func (s *Service) verify(ctx context.Context, t store.Tenant, u *user, password string) error {
	turn := s.turns[uint64(u.caller.User)%uint64(len(s.turns))]
	if err := turn.Acquire(ctx, 1); err != nil {
		return fault.New(fault.Unavailable, "auth.busy").Because(err)
	}
	defer turn.Release(1)

	key := is(query.ID, int64(u.caller.User))
	found, err := row(ctx, t, credentials, key, hashColumn, failuresColumn, lockedColumn)
	if err != nil {
		return err
	}
	if found == nil || !u.active || integer(found[2]) > s.now().UnixMilli() {
		return s.pretend(ctx, password)
	}
	ok, err := s.matches(ctx, text(found[0]), password)
	if err != nil {
		return err
	}
	failures := integer(found[1])
	if ok && failures == 0 {
		return nil
	}
	values := map[string]any{failuresColumn.Name: int64(0), lockedColumn.Name: nil}
	if !ok {
		failures++
		values[failuresColumn.Name] = failures
		if wait := lockFor(failures); wait > 0 {
			values[lockedColumn.Name] = s.now().Add(wait).UnixMilli()
			s.log.Warn("account locked after wrong passwords", "tenant", t.Name(), "user", u.caller.User.String(),
				"failures", failures, "for", wait)
		}
	}
	err = t.Write(ctx, func(tx store.Tx) error {
		return tx.Update(ctx, credentials, u.caller.User, 0, values, nil)
	})
	if err != nil {
		return err
	}
	if !ok {
		return failed()
	}
	return nil
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
	return t.Count(ctx, credentials, nil, nil)
}

// SetPassword gives a user a password, unlocks the account and ends all of the
// user's sessions. Faults: "auth.password_…" (Invalid), "auth.user_not_found".
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
		if found, err := row(ctx, t, credentials, is(query.ID, int64(user)), query.ID); err != nil || found != nil {
			return false, err
		}
	}
	hash, err := s.seal(ctx, password)
	if err != nil {
		return false, err
	}
	values := map[string]any{hashColumn.Name: hash, failuresColumn.Name: int64(0), lockedColumn.Name: nil}
	err = t.Write(ctx, func(tx store.Tx) error {
		found, err := row(ctx, tx, credentials, is(query.ID, int64(user)), query.ID)
		if err != nil {
			return err
		}
		set = found == nil || !first
		switch {
		case !set:
			return nil
		case found == nil:
			err = tx.Insert(ctx, credentials, user, values, nil)
		default:
			err = tx.Update(ctx, credentials, user, 0, values, nil)
		}
		if err != nil {
			return err
		}
		_, err = tx.DeleteWhere(ctx, sessions, is(userColumn, int64(user)))
		return err
	})
	if err != nil || !set {
		return false, err
	}
	s.Forget(t.Name(), user)
	return true, nil
}
