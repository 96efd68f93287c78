"""What is made of recognised words before they are shown: spoken marks and commands, numbers, replacements."""
