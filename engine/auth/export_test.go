package auth

// Flood takes all room that strangers have for password checks, as a flood of logins from
// many addresses does, until it is released.
func (s *Service) Flood() (release func()) {
	if !s.strangers.waiting.TryAcquire(maxWaiting) {
		panic("somebody logs in already")
	}
	return func() { s.strangers.waiting.Release(maxWaiting) }
}
