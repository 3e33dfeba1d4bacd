import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class CapacityTest extends CacheFixture {

    @Test
    void theEntryThatGoesIsTheOldestAndOnlyThatAndOnlyIfItMust() {
        var cache = cacheFor(3);
        cache.set("a", 1);
        cache.set("b", 2);
        cache.set("c", 3);
        assertEquals(3, cache.size());

        cache.set("d", 4);

        assertEquals(List.of("b", "c", "d"), present(cache, "a", "b", "c", "d"));
    }

    @Test
    void oneEntryIsACapacity() {
        var cache = cacheFor(1);
        cache.set("a", 1);
        assertEquals(1, cache.get("a"));

        cache.set("b", 2);

        assertEquals(List.of("b"), present(cache, "a", "b"));
    }

    @Test
    void getIsAUse() {
        assertIsAUseOfA(cache -> cache.get("a"));
    }

    @Test
    void setIsAUse() {
        assertIsAUseOfA(cache -> cache.set("a", 3));
    }

    @Test
    void loadIsAUse() {
        assertIsAUseOfA(cache -> valueOf(cache.load("a", UNEXPECTED)));
    }

    private void assertIsAUseOfA(Consumer<Cache<Object>> use) {
        var cache = cacheFor(2);
        cache.set("a", 1);
        cache.set("b", 2);

        use.accept(cache);
        cache.set("c", 4);

        assertEquals(List.of("a", "c"), present(cache, "a", "b", "c"));
    }

    @Test
    void settingAKeyThatIsThereEvictsNothing() {
        var cache = cacheFor(2);
        cache.set("a", 1);
        cache.set("b", 2);

        cache.set("b", 3);

        assertEquals(List.of("a", "b"), present(cache, "a", "b"));
    }

    @Test
    void anExpiredEntryMakesRoomForANewOne() {
        var cache = cacheFor(2);
        cache.set("alive", 1);
        cache.set("expired", 2, MOMENT);
        clock.advance(MOMENT);

        cache.set("new", 3);

        assertEquals(List.of("alive", "new"), present(cache, "alive", "new"));
    }
}
