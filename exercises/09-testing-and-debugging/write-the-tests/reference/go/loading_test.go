package cache_test

import "testing"

func TestWhatIsThereIsNotLoaded(t *testing.T) {
	c, _ := setup(t)
	c.Set("a", 1)

	wantLoaded(t, c.Load("a", unexpected), 1)
}

func TestWhatIsNotThereIsLoadedByItsKeyAndStored(t *testing.T) {
	c, _ := setup(t)
	itself := func(key string) (any, error) { return key, nil }

	wantLoaded(t, c.Load("a", itself), "a")

	wantThere(t, c, "a", "a")
	wantLoaded(t, c.Load("a", unexpected), "a")
}

func TestALoadedValueEvictsLikeOneThatWasSet(t *testing.T) {
	c, _ := setupFor(t, 2)
	c.Set("a", 1)
	c.Set("b", 2)

	wantLoaded(t, c.Load("c", returns(3)), 3)

	wantLen(t, c, 2)
	wantGone(t, c, "a")
	wantThere(t, c, "b", 2)
	wantThere(t, c, "c", 3)
}

func TestTheLifeOfALoadedValueBeginsWhenTheLoaderIsDone(t *testing.T) {
	c, clock := setup(t)
	loader := newHeld()
	load := c.Load("a", loader.load)
	clock.advance(ttl / 2)

	loader.finish(1)
	wantLoaded(t, load, 1)

	clock.advance(ttl - 1)
	wantThere(t, c, "a", 1)
	clock.advance(1)
	wantGone(t, c, "a")
}

func TestAfterAFailureTheNextLoadTriesAgain(t *testing.T) {
	c, _ := setup(t)
	fails := func(string) (any, error) { return "not a value", errBoom }

	wantFailed(t, c.Load("a", fails), errBoom)

	wantLen(t, c, 0)
	wantLoaded(t, c.Load("a", returns(1)), 1)
}
