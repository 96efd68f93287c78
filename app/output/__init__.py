"""Text into the windows of other programs: who has the keyboard, and the ways of inserting that each platform has."""
