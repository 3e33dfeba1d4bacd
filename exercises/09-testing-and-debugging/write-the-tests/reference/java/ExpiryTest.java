import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ExpiryTest extends CacheFixture {

    @Test
    void anEntryLivesUntilJustBeforeItsEnd() {
        cache.set("a", 1);

        clock.advance(TTL.minus(MOMENT));
        assertEquals(1, cache.get("a"));

        clock.advance(MOMENT);
        assertNull(cache.get("a"));
    }

    @Test
    void readingDoesNotProlongALife() {
        cache.set("a", 1);

        clock.advance(TTL.minus(MOMENT));
        cache.get("a");
        valueOf(cache.load("a", UNEXPECTED));

        clock.advance(MOMENT);
        assertNull(cache.get("a"));
    }

    @Test
    void settingAgainGivesANewLife() {
        cache.set("a", 1);
        clock.advance(TTL.minus(MOMENT));

        cache.set("a", 2);

        clock.advance(TTL.minus(MOMENT));
        assertEquals(2, cache.get("a"));
        clock.advance(MOMENT);
        assertNull(cache.get("a"));
    }

    @Test
    void anEntryCanHaveATtlOfItsOwnAndOnlyThisEntry() {
        cache.set("before", 1);
        cache.set("short", 2, TTL.dividedBy(2));
        cache.set("long", 3, TTL.multipliedBy(2));
        cache.set("after", 4);

        clock.advance(TTL.dividedBy(2));
        assertEquals(List.of("before", "long", "after"), present(cache, "before", "short", "long", "after"));

        clock.advance(TTL.dividedBy(2));
        assertEquals(List.of("long"), present(cache, "before", "short", "long", "after"));

        clock.advance(TTL);
        assertEquals(0, cache.size());
    }

    @Test
    void aKeyThatIsSetAgainWithoutATtlHasThatOfTheCache() {
        cache.set("was short", 1, TTL.dividedBy(2));
        cache.set("was long", 2, TTL.multipliedBy(2));

        cache.set("was short", 3);
        cache.set("was long", 4);

        clock.advance(TTL.minus(MOMENT));
        assertEquals(2, cache.size());
        clock.advance(MOMENT);
        assertEquals(0, cache.size());
    }

    @Test
    void anEntryThatNeverExpiresStays() {
        var lasting = new Cache<Integer>(10, Cache.FOREVER, clock);
        lasting.set("a", 1);
        cache.set("a", 1, Cache.FOREVER);

        clock.set(Instant.MAX);

        assertEquals(1, lasting.get("a"));
        assertEquals(1, cache.get("a"));
    }

    // One question for each cache: an answer may tidy up for the next.
    @Nested
    class AnExpiredEntryCountsForNothing {

        @BeforeEach
        void oneIsAliveAndOneHasExpired() {
            cache.set("older, but alive", 1);
            cache.set("expired", 2, MOMENT);
            clock.advance(MOMENT);
        }

        @Test
        void getFindsNothing() {
            assertNull(cache.get("expired"));
        }

        @Test
        void deleteFindsNothing() {
            assertFalse(cache.delete("expired"));
        }

        @Test
        void sizeLeavesItOut() {
            assertEquals(1, cache.size());
        }

        @Test
        void loadLoadsIt() {
            assertEquals("new", valueOf(cache.load("expired", giving("new"))));
        }
    }
}
