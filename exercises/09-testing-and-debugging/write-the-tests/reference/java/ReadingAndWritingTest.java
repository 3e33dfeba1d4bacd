import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReadingAndWritingTest extends CacheFixture {

    @Test
    void theLastValueThatWasSetIsReadBack() {
        assertNull(cache.get("a"));

        cache.set("a", 1);
        cache.set("a", 2);

        assertEquals(2, cache.get("a"));
    }

    // "Aa" and "BB" have the same hash code.
    @ParameterizedTest
    @ValueSource(strings = {"", " ", "null", "Aa"})
    void everyStringIsAKey(String key) {
        cache.set("BB", 0);
        assertNull(cache.get(key));

        cache.set(key, 1);

        assertEquals(1, cache.get(key));
        assertEquals(2, cache.size());
        assertTrue(cache.delete(key));
        assertEquals(2, valueOf(cache.load(key, giving(2))));
    }

    @Test
    void keysAreComparedByTheirCharacters() {
        cache.set("price:42", 1);

        assertEquals(1, cache.get(new String("price:42")));
        assertNull(cache.get("PRICE:42"));
    }

    static Stream<Object> valuesThatLookLikeNothing() {
        return Stream.of(null, 0, "", false);
    }

    // get alone can not tell a null that is there from one that is not.
    @ParameterizedTest
    @MethodSource("valuesThatLookLikeNothing")
    void everyValueIsStored(Object value) {
        cache.set("a", value);
        valueOf(cache.load("b", giving(value)));

        assertEquals(value, cache.get("a"));
        assertEquals(2, cache.size());
        assertEquals(value, valueOf(cache.load("a", UNEXPECTED)));
        assertTrue(cache.delete("a"));
        assertTrue(cache.delete("b"));
    }

    @Test
    void anObjectComesBackAsTheVerySameObject() {
        record Price(int cents) {
        }
        var set = new Price(1);
        var loaded = new Price(2);

        cache.set("a", set);
        valueOf(cache.load("b", giving(loaded)));

        assertSame(set, cache.get("a"));
        assertSame(loaded, cache.get("b"));
    }

    @Test
    void deleteRemovesOneEntryAndSaysWhetherThereWasOne() {
        cache.set("a", 1);
        cache.set("ab", 2);

        assertTrue(cache.delete("a"));
        assertFalse(cache.delete("a"));

        assertNull(cache.get("a"));
        assertEquals(2, cache.get("ab"));
    }

    @Test
    void sizeCountsKeysNotCalls() {
        assertEquals(0, cache.size());

        cache.set("a", 1);
        cache.set("a", 2);
        cache.set("b", 3);
        cache.delete("unknown");

        assertEquals(2, cache.size());
    }
}
