package cache_test

import (
	"fmt"
	"testing"
)

func TestTheLastValueThatWasSetIsReadBack(t *testing.T) {
	c, _ := setup(t)
	wantGone(t, c, "a")

	c.Set("a", 1)
	c.Set("a", 2)

	wantThere(t, c, "a", 2)
}

func TestTheEmptyStringIsAKey(t *testing.T) {
	c, _ := setup(t)

	c.Set("", 1)

	wantThere(t, c, "", 1)
	wantLen(t, c, 1)
	if !c.Delete("") {
		t.Error("Delete found nothing")
	}
	wantLoaded(t, c.Load("", returns(2)), 2)
}

func TestZeroValuesAreValues(t *testing.T) {
	for _, value := range []any{nil, 0, "", false} {
		t.Run(fmt.Sprintf("%#v", value), func(t *testing.T) {
			c, _ := setup(t)

			c.Set("a", value)

			wantThere(t, c, "a", value)
			wantLen(t, c, 1)
			wantLoaded(t, c.Load("a", unexpected), value)
		})
	}
}

func TestAPointerComesBackAsTheVerySamePointer(t *testing.T) {
	type price struct{ cents int }
	set, loaded := &price{1}, &price{2}
	c, _ := setup(t)

	c.Set("a", set)
	wantLoaded(t, c.Load("b", returns(loaded)), loaded)

	wantThere(t, c, "a", set)
	wantThere(t, c, "b", loaded)
}

func TestDeleteRemovesOneEntryAndSaysWhetherThereWasOne(t *testing.T) {
	c, _ := setup(t)
	c.Set("a", 1)
	c.Set("ab", 2)

	if !c.Delete("a") {
		t.Error("Delete did not find the entry")
	}
	if c.Delete("a") {
		t.Error("Delete found the entry again")
	}

	wantGone(t, c, "a")
	wantThere(t, c, "ab", 2)
}

func TestLenCountsKeysNotCalls(t *testing.T) {
	c, _ := setup(t)
	wantLen(t, c, 0)

	c.Set("a", 1)
	c.Set("a", 2)
	c.Set("b", 3)
	c.Delete("unknown")

	wantLen(t, c, 2)
}
