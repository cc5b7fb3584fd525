package job

import (
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Tenants that always have work take turns, also when no time passes.
func TestTenantsTakeTurns(t *testing.T) {
	a := newAgenda(3, 0)
	for i := range 3 {
		a.wake(fmt.Sprint(i), noon)
	}
	var order string
	for range 9 {
		tenant, _, _ := a.next(noon)
		order += tenant
		a.looked(tenant, noon, noon, true)
		a.wake(tenant, noon) // by what is saved meanwhile
		a.ended(tenant, noon)
	}
	if order != "012012012" {
		t.Errorf("looked at %s", order)
	}
}

func TestAgenda(t *testing.T) {
	a := newAgenda(2, 0)
	if tenant, _, wait := a.next(noon); tenant != "" || wait != time.Minute {
		t.Errorf("%q, %v", tenant, wait)
	}
	a.wake("one", noon)
	a.next(noon)
	if tenant, _, _ := a.next(noon); tenant != "" {
		t.Error("looked at twice at a time")
	}
	a.looked("one", noon, noon.Add(10*time.Second), false)
	a.wake("one", noon)
	if tenant, _, _ := a.next(noon); tenant != "" {
		t.Error("looked at again without a rest")
	}
	a.rested("one")
	a.next(noon)
	a.looked("one", noon, noon.Add(10*time.Second), false)
	a.rested("one")
	if tenant, _, wait := a.next(noon); tenant != "" || wait != 10*time.Second {
		t.Errorf("%q, %v", tenant, wait)
	}
	for range 2 {
		a.wake("one", noon)
		if tenant, _, _ := a.next(noon); tenant != "one" {
			t.Fatal("woken and not looked at")
		}
		a.looked("one", noon, noon, true)
	}
	if tenant, _, _ := a.next(noon); tenant != "" {
		t.Error("a tenant has more than its share")
	}
	a.ended("one", noon)
	a.ended("one", noon)
	a.next(noon)
	a.looked("one", noon, time.Time{}, false)
	a.rested("one")
	if len(a.tenants) != 0 {
		t.Errorf("a tenant without work is remembered: %+v", a.tenants["one"])
	}
}

// However many tenants wait for later, the agenda remembers the first of them, and when
// to look for the others.
func TestAgendaIsBounded(t *testing.T) {
	a := newAgenda(2, 3)
	for _, minutes := range []int{5, 1, 4, 2, 3} {
		tenant := fmt.Sprint(minutes)
		a.wake(tenant, noon)
		a.next(noon)
		a.looked(tenant, noon, noon.Add(time.Duration(minutes)*time.Minute), false)
		a.rested(tenant)
	}
	if len(a.tenants) != 3 || len(a.due) != 3 {
		t.Fatalf("%d tenants, %d wait", len(a.tenants), len(a.due))
	}
	for minute := 1; minute <= 5; minute++ {
		now := noon.Add(time.Duration(minute) * time.Minute)
		tenant, _, _ := a.next(now)
		if want := fmt.Sprint(minute); minute <= 3 && tenant != want || minute > 3 && tenant != "" {
			t.Errorf("after %d minutes: %q", minute, tenant)
		}
		if due := a.roundDue(now); due != (minute == 4) {
			t.Errorf("after %d minutes all are looked at: %v", minute, due)
		}
	}
}
