"""Messages of Django and allauth that our catalogues translate, because theirs lack them or say them badly in Basque.

Nothing imports this module: `tools/messages.py extract` reads it. Django prefers locale/ to the catalogues of its apps,
so what stands here wins. tests/config/test_borrowed_messages.py fails when an upgrade leaves another gap.
"""

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

# Form errors of every page (django.core.validators, django.forms, django.db.models).
_("Enter a valid domain name.")
_("Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.")
_("Enter a valid “slug” consisting of Unicode letters, numbers, underscores, or hyphens.")
_("Enter a valid %(protocol)s address.")
_("IPv4")
_("IPv6")
_("IPv4 or IPv6")
_("Ensure this value is a multiple of step size %(limit_value)s.")
_(
    "Ensure this value is a multiple of step size %(limit_value)s, starting from %(offset)s, e.g. %(offset)s, "
    "%(valid_value1)s, %(valid_value2)s, and so on."
)
_("File extension “%(extension)s” is not allowed. Allowed extensions are: %(allowed_extensions)s.")
_("Constraint “%(name)s” is violated.")
_("“%(value)s” value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format.")
_("“%(value)s” value has the correct format (YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]) but it is an invalid date/time.")
_("“%(value)s” value has an invalid format. It must be in HH:MM[:ss[.uuuuuu]] format.")
_("“%(value)s” value has the correct format (HH:MM[:ss[.uuuuuu]]) but it is an invalid time.")
_("“%(value)s” is not a valid UUID.")
_("%(model)s instance with %(field)s %(value)r is not a valid choice.")
_(
    "ManagementForm data is missing or has been tampered with. Missing fields: %(field_names)s. You may need to file a "
    "bug report if the issue persists."
)
ngettext_lazy("Please submit at most %(num)d form.", "Please submit at most %(num)d forms.")
ngettext_lazy("Please submit at least %(num)d form.", "Please submit at least %(num)d forms.")
_("“%(pk)s” is not a valid value.")
_("String (unlimited)")
_("%(datetime)s couldn’t be interpreted in time zone %(current_timezone)s; it may be ambiguous or it may not exist.")

# Passwords and user names: signing up, changing the password, and the admin's pages for accounts (contrib.auth).
ngettext_lazy(
    "This password is too short. It must contain at least %d character.",
    "This password is too short. It must contain at least %d characters.",
)
_(
    "Enter a valid username. This value may contain only unaccented lowercase a-z and uppercase A-Z letters, numbers, "
    "and @/./+/-/_ characters."
)
_("Conflicting form data submitted. Please try again.")
_("Password-based authentication was disabled.")
_("Set password: %s")
_("Reset password")
_("Set password")
_(
    "Whether the user will be able to authenticate using a password or not. If disabled, they may still be able to "
    "authenticate using other backends, such as Single Sign-On or LDAP."
)
_("Password-based authentication")
_("Enabled")
_("Disabled")
_("Raw passwords are not stored, so there is no way to see the user’s password.")
_("Enable password-based authentication for this user by setting a password.")

# Pages of the admin (contrib.admin).
_("Not empty")
_("Changed “%(object)s” — %(changes)s")
_("Changed {fields} for {name} “{object}”.")
_("Select this object for an action - {}")
_("The {name} “{obj}” was added successfully.")
_("The {name} “{obj}” was changed successfully. You may add another {name} below.")
_("The {name} “{obj}” was changed successfully.")
_(
    "There’s been an error. It’s been reported to the site administrators via email and should be fixed shortly. "
    "Thanks for your patience."
)
_("Breadcrumbs")
_("Model name")
_("Add link")
_("Change or view list link")
_("After you’ve created a user, you’ll be able to edit more user options.")
_("Error:")
_("This action will <strong>enable</strong> password-based authentication for this user.")
_("Disable password-based authentication")
_("Enable password-based authentication")
_("Skip to main content")
_("Hide counts")
_("Show counts")
_("Toggle theme (current theme: auto)")
_("Toggle theme (current theme: light)")
_("Toggle theme (current theme: dark)")
_("Added:")
_("Changed:")
_("Deleted:")
_(
    "Something’s wrong with your database installation. Make sure the appropriate database tables have been created, "
    "and make sure the database is readable by the appropriate user."
)
_("Forgotten your login credentials?")
_("Toggle navigation")
_("Sidebar")
_("Filter navigation items")
_("This object doesn’t have a change history. It probably wasn’t added via this admin site.")
_("View selected %(model)s")
_("Thanks for spending some quality time with the web site today.")
_("Select all objects on this page for an action")

# Labels and errors of signing up, logging in and passwords (allauth.account). Theirs say it in words that are not ours.
_("Username")
_("Email")
_("Email (optional)")
_("Remember Me")
_("Login")
_("Forgot your password?")
_("Current Password")
_("You must type the same password each time.")
_("Please type your current password.")
_("Incorrect password.")
_("The username and/or password you specified are not correct.")
_("Username can not be used. Please use other username.")
_("A user is already registered with this email address.")
_("This email address is already associated with this account.")
_("You cannot add more than %d email addresses.")
_("The email address is not assigned to any user account.")
_("Too many failed login attempts. Try again later.")
_("Be patient, you are sending too many requests.")
_("Invalid or expired key.")
_("The password reset token was invalid.")
_("The new value must be different from the current one.")

# The same of Django: forms of every page, user names and passwords.
_("Enter a valid email address.")
_("Select a valid choice. %(value)s is not one of the available choices.")
ngettext_lazy(
    "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
    "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).",
)
ngettext_lazy(
    "Ensure this value has at least %(limit_value)d character (it has %(show_value)d).",
    "Ensure this value has at least %(limit_value)d characters (it has %(show_value)d).",
)
_("Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.")
_("A user with that username already exists.")
_("username")
_("The password is too similar to the %(verbose_name)s.")
_("This password is too common.")
_("Null characters are not allowed.")
_("Please correct the error below.")
_("Please correct the errors below.")
_("Go")
_("View site")
_("Save and add another")
_("Save and continue editing")
_("Your password can’t be too similar to your other personal information.")
_("Your password can’t be a commonly used password.")
ngettext_lazy(
    "Your password must contain at least %(min_length)d character.",
    "Your password must contain at least %(min_length)d characters.",
)
